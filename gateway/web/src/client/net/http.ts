/** HTTP as a parameter: photos go up and their links come by it, everything else by the socket. */

export interface HttpAnswer {
  /** 0 when there was none. */
  readonly status: number;
  /** Parsed from JSON; `null` where it is none. */
  readonly body: unknown;
}

export interface Http {
  get(path: string, authorization: string): Promise<HttpAnswer>;
  /** `onProgress` gets the share that has been sent, 0 to 1. Calling `abort` answers with status 0. */
  post(
    path: string,
    authorization: string,
    body: Blob,
    onProgress: (share: number) => void,
  ): { readonly answer: Promise<HttpAnswer>; readonly abort: () => void };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

export const browserHttp: Http = {
  async get(path, authorization) {
    try {
      const response = await fetch(path, { headers: { authorization } });
      return { status: response.status, body: parse(await response.text()) };
    } catch {
      return { status: 0, body: null };
    }
  },

  // `fetch` can't tell how much has been sent.
  post(path, authorization, body, onProgress) {
    const request = new XMLHttpRequest();
    const answer = new Promise<HttpAnswer>((resolve) => {
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) onProgress(event.loaded / event.total);
      };
      request.onloadend = () => {
        resolve({ status: request.status, body: parse(request.responseText) });
      };
      request.open('POST', path);
      request.setRequestHeader('authorization', authorization);
      if (body.type !== '') request.setRequestHeader('content-type', body.type);
      request.send(body);
    });
    return {
      answer,
      abort: () => {
        request.abort();
      },
    };
  },
};
