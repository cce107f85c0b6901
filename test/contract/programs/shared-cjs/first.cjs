'use strict';
const { Shared } = require('./second.cjs');
exports.kind = typeof Shared;
exports.Shared = Shared;
