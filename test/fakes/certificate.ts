// A certificate for loopback, made anew for each test run by openssl and trusted by nobody else.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { makeTemporaryFolder } from '../stack/folders.ts';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** File that a client trusts the certificate by. */
  readonly caFile: string;
}

/** Whether `openssl` can be run here. */
export function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;
}

/** A self-signed certificate for localhost and 127.0.0.1. */
export function makeCertificate(): Certificate {
  const folder = makeTemporaryFolder('certificate');
  const keyFile = path.join(folder, 'key.pem');
  const caFile = path.join(folder, 'cert.pem');
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const made = spawnSync('openssl', [...args, ...names, '-keyout', keyFile, '-out', caFile], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(caFile, 'utf8'), caFile };
}
