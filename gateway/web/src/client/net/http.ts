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

export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

const NO_ANSWER: HttpAnswer = { status: 0, body: null };

async function answerOf(request: Promise<Response>): Promise<HttpAnswer> {
  try {
    const response = await request;
    return { status: response.status, body: parseBody(await response.text()) };
  } catch {
    return NO_ANSWER;
  }
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** By `fetch`, at the server `base`. It can't tell how much has been sent before all has. */
export function fetchHttp(base: string, fetch: Fetch): Http {
  return {
    get: (path, authorization) => answerOf(fetch(base + path, { headers: { authorization } })),

    post(path, authorization, body, onProgress) {
      const abort = new AbortController();
      onProgress(0);
      const answer = answerOf(fetch(base + path, { method: 'POST', headers: { authorization }, body, signal: abort.signal }));
      return {
        answer: answer.then((it) => {
          if (it.status !== 0) onProgress(1);
          return it;
        }),
        abort: () => {
          abort.abort();
        },
      };
    },
  };
}
