// Sends one request and reads its answer, without any SDK. CLIENT says by what, FORM what is asked, WAY how it is read.
import { createHash } from 'node:crypto';

const { BASE, CLIENT, TARGET, METHOD = 'POST', BODY, WAY = 'whole' } = process.env;
const headers = { 'content-type': 'application/json', 'x-api-key': 'k' };
const body = METHOD === 'GET' ? undefined : BODY;

/** Status and pieces of the answer, and how it is left. */
const clients = {
  async fetch() {
    const response = await fetch(`${BASE}${TARGET}`, { method: METHOD, headers, body });
    return { status: response.status, pieces: response.body };
  },
  http: () => plain('node:http', {}),
  https: () => plain('node:https', { rejectUnauthorized: false }),
  async http2() {
    const { connect } = await import('node:http2');
    const session = connect(BASE);
    session.on('error', () => {});
    const stream = session.request({ ':method': METHOD, ':path': TARGET, ...headers });
    stream.end(body);
    stream.once('close', () => session.close());
    const status = await new Promise((resolve, reject) => {
      stream.once('response', (head) => resolve(head[':status']));
      stream.once('error', reject);
    });
    return { status, pieces: stream };
  },
};

async function plain(name, options) {
  const { default: client } = await import(name);
  return new Promise((resolve, reject) => {
    const request = client.request(`${BASE}${TARGET}`, { ...options, method: METHOD, headers }, (response) =>
      resolve({ status: response.statusCode, pieces: response }),
    );
    request.on('error', reject);
    request.end(body);
  });
}

try {
  const { status, pieces } = await clients[CLIENT]();
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    bytes += piece.length;
    if (WAY === 'leave') break;
  }
  // How much comes before a connection breaks is chance.
  if (WAY === 'cut') console.log('over');
  else console.log(status, ...(WAY === 'leave' ? [bytes > 0] : [bytes, hash.digest('hex')]));
} catch (error) {
  console.log(WAY === 'cut' ? 'over' : error.name);
}
