use super::*;

const TIMEOUT: Duration = Duration::from_secs(20);

fn shell(script: &str) -> ProcessBuilder {
    Process::builder("/bin/sh").args(["-c", script])
}

#[tokio::test]
async fn captures_the_log_and_the_exit_code() {
    let mut process = shell("echo out; echo $WORD >&2; exit 3")
        .env("WORD", "err")
        .start();
    let status = process.wait(TIMEOUT).await;
    assert_eq!(status.code(), Some(3));
    assert_eq!(process.log(), "out\nerr\n");
}

#[tokio::test]
async fn variables_of_the_test_run_do_not_reach_it() {
    let mut process = shell("env").env("A", "1").start();
    process.wait(TIMEOUT).await;
    assert!(!process.log().contains("CARGO"), "{}", process.log());
}

#[tokio::test]
async fn terminates_pauses_and_resumes() {
    let script = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done";
    let mut process = shell(script).start();
    process
        .wait_for_log(TIMEOUT, "up", |log| log.contains("up"))
        .await;
    assert!(process.resident_bytes() > 0);
    process.pause();
    process.terminate();
    let stat = format!("/proc/{}/stat", process.pid());
    wait_until(TIMEOUT, "it is stopped", async || {
        fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "))
    })
    .await;
    assert!(process.try_wait().is_none());
    process.resume();
    assert!(process.wait(TIMEOUT).await.success());
    assert!(process.log().ends_with("bye\n"));
}

#[tokio::test]
#[should_panic(expected = "ended (exit status: 1) before the log of sh shows up")]
async fn a_program_that_dies_fails_the_wait_at_once() {
    let mut process = shell("echo no; exit 1").start();
    process
        .wait_for_log(TIMEOUT, "up", |log| log.contains("up"))
        .await;
}

#[tokio::test]
async fn is_killed_when_dropped() {
    let process = shell("while :; do sleep 1; done").start();
    let folder = format!("/proc/{}", process.pid());
    assert!(Path::new(&folder).exists());
    drop(process);
    assert!(!Path::new(&folder).exists());
}
