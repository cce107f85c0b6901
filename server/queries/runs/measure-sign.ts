// How a size or a score is compared with a number.

export const MEASURE_SIGNS = ['<', '<=', '=', '>=', '>'] as const;
export type MeasureSign = (typeof MEASURE_SIGNS)[number];
