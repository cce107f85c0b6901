// A sender that speaks another protocol than its port gets no answer that it can read, and tries for ever. So the log says
// where it should send, once for each port.

/** nghttp2 says so of what does not begin as HTTP/2 does: HTTP/1.1, or TLS. */
const NGHTTP2_BAD_CLIENT_MAGIC = -903;
/** Node's parser of HTTP/1.1, of the first bytes of HTTP/2. */
const HTTP2_ON_HTTP1 = 'HPE_PAUSED_H2_UPGRADE';
const TLS_HANDSHAKE = 0x16;

type Log = (line: string) => void;

/** Takes the errors of connections to the port of gRPC. */
export function grpcPortWatch(log: Log): (error: Error) => void {
  return once((error) => {
    if ((error as NodeJS.ErrnoException).errno !== NGHTTP2_BAD_CLIENT_MAGIC) return false;
    log(
      'a sender on the port of OTLP over gRPC speaks no gRPC: OTLP over HTTP goes to the other port, and addresses begin with http:// as there is no TLS',
    );
    return true;
  });
}

/** Takes the errors of connections to the port of HTTP. */
export function httpPortWatch(log: Log): (error: Error) => void {
  return once((error) => {
    const { code, rawPacket } = error as NodeJS.ErrnoException & { readonly rawPacket?: Buffer };
    if (code === HTTP2_ON_HTTP1)
      log('a sender on the port of OTLP over HTTP speaks gRPC: OTLP over gRPC goes to the other port');
    else if (rawPacket?.[0] === TLS_HANDSHAKE)
      log('a sender on the port of OTLP over HTTP uses TLS, which is not here: write http:// for https://');
    else return false;
    return true;
  });
}

function once(isSaid: (error: Error) => boolean): (error: Error) => void {
  let wasSaid = false;
  return (error) => {
    wasSaid ||= isSaid(error);
  };
}
