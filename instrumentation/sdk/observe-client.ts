// Observation of the client itself: a Messages request that is sent through its `post` or `request` is a model
// call like any other. The SDK opens no span for it in any version, so the span is ours.

import type { RequestOptions } from './attempts.ts';
import { observeCall, type ApiPromise } from './observe-call.ts';
import type { Observer, SentRequest } from './observer.ts';
import { replaceMethod } from './replace-method.ts';

export interface ClientClass {
  readonly prototype: {
    post?: Post;
    request?: SendsRequest;
  };
}
type Post = (this: object, path: string, options?: RawOptions) => ApiPromise;
type SendsRequest = (this: object, options: RawOptions, ...rest: unknown[]) => ApiPromise;

interface RawOptions extends RequestOptions {
  readonly method?: unknown;
  readonly path?: unknown;
  readonly body?: unknown;
  readonly stream?: unknown;
}

const MESSAGES_PATH = /(^|\/)v1\/messages(\?[^/]*)?$/;

export function observeClientClass(
  observer: Observer,
  { prototype }: ClientClass,
  sdkVersion: string | undefined,
): void {
  replaceMethod<Post>(
    prototype,
    'post',
    (post) =>
      function (path, options) {
        return !observer.isSending && isRaw('post', path, options)
          ? observeRaw(observer, { client: this, sdkVersion }, options, (own) => post.call(this, path, own))
          : post.call(this, path, options);
      },
  );
  replaceMethod<SendsRequest>(
    prototype,
    'request',
    (request) =>
      function (options, ...rest) {
        return !observer.isSending && isRaw(options?.method, options?.path, options)
          ? observeRaw(observer, { client: this, sdkVersion }, options, (own) =>
              request.call(this, own, ...rest),
            )
          : request.call(this, options, ...rest);
      },
  );
}

/** Whether it is a Messages request; options that are still a promise cannot be read. */
function isRaw(method: unknown, path: unknown, options: unknown): options is RawOptions {
  return (
    typeof method === 'string' &&
    method.toLowerCase() === 'post' &&
    typeof path === 'string' &&
    MESSAGES_PATH.test(path) &&
    typeof options === 'object' &&
    options !== null &&
    !('then' in options)
  );
}

function observeRaw(
  observer: Observer,
  from: Pick<SentRequest, 'client' | 'sdkVersion'>,
  options: RawOptions,
  send: (options: RawOptions) => ApiPromise,
): ApiPromise {
  const sent = { ...from, body: options.body, isStreamed: options.stream === true };
  return observeCall(observer, sent, options, (own, body) =>
    send(body === options.body ? (own ?? options) : { ...options, ...own, body }),
  );
}
