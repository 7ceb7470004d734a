// Before anything is drawn: the theme that somebody chose, so that the page never flashes in the other.
(function () {
  try {
    const theme = localStorage.getItem('parlor.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Without storage the system's theme it is.
  }
})();
