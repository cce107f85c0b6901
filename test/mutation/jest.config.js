// The tests that judge the mutants, loaded as one file: a mutant then costs one module graph, not one a file.
import base from '../../jest.config.js';

/** @type {import('jest').Config} */
export default { ...base, rootDir: '../..', testMatch: ['<rootDir>/test/mutation/price-tests.ts'] };
