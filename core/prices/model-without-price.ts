// Why a model cannot be reckoned with, in the words that commands and the API answer with.

import { resolveModelId } from '../pricing/model-id.ts';
import { nearestOf } from '../text/nearest.ts';
import { findModel, PRICED_MODELS, UNPRICED_MODELS } from './table.ts';

/** Undefined for the id of a model that has a price. */
export function whyWithoutPrice(model: string): string | undefined {
  const known = resolveModelId(model);
  if (!('reason' in known))
    return findModel(known.id) === undefined
      ? `${model} has no price. ${UNPRICED_MODELS[known.id] ?? ''}`
      : undefined;
  const nearest = nearestOf(
    model,
    PRICED_MODELS.map(({ id }) => id),
  );
  return `"${model}" is no model of the price table${nearest === undefined ? '; docs/prices.md lists them.' : `. Did you mean ${nearest}?`}`;
}
