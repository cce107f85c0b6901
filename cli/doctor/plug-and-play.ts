// Yarn's Plug'n'Play: packages stay packed, and only a Node that has loaded the project's `.pnp.cjs` finds them.
// https://yarnpkg.com/advanced/pnpapi

import { createRequire } from 'node:module';
import path from 'node:path';

interface Locator {
  readonly name: string | null;
  readonly reference: string | null;
}

interface PnpApi {
  getAllLocators(): readonly Locator[];
  getPackageInformation(locator: Locator): { readonly packageLocation: string } | null;
}

/** Flags with which another Node finds what this one does; none where packages lie in folders. */
export function plugAndPlayFlags(): readonly string[] {
  return hasPlugAndPlay() ? ['--require', projectRequire().resolve('pnpapi')] : [];
}

/** The packages of the project, and where each lies for this Node; none where packages lie in folders. */
export function packedPackages(): readonly { readonly name: string; readonly dir: string }[] {
  if (!hasPlugAndPlay()) return [];
  const api = projectRequire()('pnpapi') as PnpApi;
  const locators = api.getAllLocators();
  return locators.flatMap((locator) => {
    const { name, reference } = locator;
    if (name === null || reference === null) return [];
    // A package with peers is loaded as one of its virtual copies, and is listed itself, too.
    if (locators.some((other) => other.name === name && other.reference?.endsWith(`#${reference}`) === true))
      return [];
    const found = api.getPackageInformation(locator);
    return found === null ? [] : [{ name, dir: found.packageLocation }];
  });
}

function hasPlugAndPlay(): boolean {
  return process.versions['pnp'] !== undefined;
}

function projectRequire(): NodeJS.Require {
  return createRequire(path.join(process.cwd(), 'package.json'));
}
