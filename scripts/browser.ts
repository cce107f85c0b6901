// The real Chromium that pages are tested and photographed in; it asks nobody anything by itself.

import { chromium, type Browser } from 'playwright-core';

/** Starts what CHROMIUM_PATH names, else /usr/bin/chromium; the caller closes it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}
