// The examples of prices and usage. The generated tests are left out, since they run hundreds of calls for each
// mutant; what only they would notice survives here.

import '../core/cost-fields.test.ts';
import '../core/json-keys.test.ts';
import '../core/message-facts.test.ts';
import '../core/model-id.test.ts';
import '../core/price-dates.test.ts';
import '../core/price-iterations.test.ts';
import '../core/price-mistakes.test.ts';
import '../core/price-overrides.test.ts';
import '../core/price-places.test.ts';
import '../core/price-rules.test.ts';
import '../core/price-unpriced.test.ts';
import '../core/recost.test.ts';
import '../core/rounding.test.ts';
import '../core/stream-usage.test.ts';
import '../core/usage.test.ts';
