#!/usr/bin/env node
'use strict';
function Shared() {}
globalThis.loads = (globalThis.loads ?? 0) + 1;
exports.Shared = Shared;
exports.loads = globalThis.loads;
exports.isMain = require.main === module;
if (exports.isMain) console.log('main', typeof Shared, exports.loads);
