// Model ids of every platform come down to one id of the table, exactly, or to a reason why not.

import { describe, expect, it } from '@jest/globals';
import { resolveModelId } from '../../../core/pricing/model-id.ts';

describe('the forms of a model id', () => {
  it.each([
    // Claude API
    ['claude-opus-5-5', { id: 'claude-opus-5-5' }],
    ['claude-haiku-4-5-20251001', { id: 'claude-haiku-4-5' }],
    ['claude-opus-4-0', { id: 'claude-opus-4' }],
    ['claude-sonnet-4-0', { id: 'claude-sonnet-4' }],
    ['claude-3-7-sonnet-latest', { id: 'claude-3-7-sonnet' }],
    ['claude-3-5-sonnet-20240620', { id: 'claude-3-5-sonnet' }],
    [' claude-opus-5-5 ', { id: 'claude-opus-5-5' }],
    // The suffix that asks for the long context
    ['claude-opus-5-5[1m]', { id: 'claude-opus-5-5' }],
    ['claude-sonnet-4-5-20250929[1M]', { id: 'claude-sonnet-4-5' }],
    ['us.anthropic.claude-opus-4-8[1m]', { id: 'claude-opus-4-8', platform: 'bedrock', scope: 'regional' }],
    // Bedrock
    ['anthropic.claude-haiku-5-5', { id: 'claude-haiku-5-5', platform: 'bedrock' }],
    ['anthropic.claude-sonnet-4-6', { id: 'claude-sonnet-4-6', platform: 'bedrock' }],
    ['anthropic.claude-opus-4-6-v1', { id: 'claude-opus-4-6', platform: 'bedrock' }],
    ['anthropic.claude-sonnet-4-5-20250929-v1:0', { id: 'claude-sonnet-4-5', platform: 'bedrock' }],
    ['anthropic.claude-3-5-sonnet-20241022-v2:0', { id: 'claude-3-5-sonnet', platform: 'bedrock' }],
    ['anthropic.claude-3-opus-20240229-v1:0:200k', { id: 'claude-3-opus', platform: 'bedrock' }],
    ['global.anthropic.claude-opus-5-5', { id: 'claude-opus-5-5', platform: 'bedrock', scope: 'global' }],
    ['jp.anthropic.claude-opus-5-5', { id: 'claude-opus-5-5', platform: 'bedrock', scope: 'regional' }],
    [
      'us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0',
      { id: 'claude-sonnet-4-5', platform: 'bedrock', scope: 'regional' },
    ],
    [
      'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0',
      { id: 'claude-opus-4-5', platform: 'bedrock', scope: 'regional' },
    ],
    [
      'arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.anthropic.claude-opus-5-5',
      { id: 'claude-opus-5-5', platform: 'bedrock', scope: 'global' },
    ],
    [
      'arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0',
      { id: 'claude-3-haiku', platform: 'bedrock' },
    ],
    // Google Cloud
    ['claude-sonnet-4-5@20250929', { id: 'claude-sonnet-4-5', platform: 'vertex' }],
    ['claude-3-5-sonnet-v2@20241022', { id: 'claude-3-5-sonnet', platform: 'vertex' }],
    ['claude-opus-5-5@default', { id: 'claude-opus-5-5', platform: 'vertex' }],
    ['claude-opus-4-6@latest', { id: 'claude-opus-4-6', platform: 'vertex' }],
    ['publishers/anthropic/models/claude-opus-5-5', { id: 'claude-opus-5-5', platform: 'vertex' }],
    [
      'projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4-5@20251101',
      { id: 'claude-opus-4-5', platform: 'vertex', scope: 'regional' },
    ],
    [
      'projects/p/locations/global/publishers/anthropic/models/claude-opus-5-5',
      { id: 'claude-opus-5-5', platform: 'vertex', scope: 'global' },
    ],
    // Known, though without a price
    ['claude-mythos-5-2', { id: 'claude-mythos-5-2' }],
  ])('%s', (raw, expected) => {
    expect(resolveModelId(raw)).toEqual(expected);
  });

  it.each([
    ['arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc', 'opaque_inference_profile'],
    ['application-inference-profile/abc', 'opaque_inference_profile'],
    ['arn:aws:bedrock:eu-west-1:123456789012:provisioned-model/abc', 'opaque_inference_profile'],
    [
      'arn:aws:sagemaker:eu-west-1:1:inference-profile/us.anthropic.claude-opus-5-5',
      'opaque_inference_profile',
    ],
    ['anthropic/claude-opus-5.5', 'gateway'],
    ['anthropic/claude-opus-5-5', 'gateway'],
    ['openrouter/anthropic/claude-sonnet-4.5', 'gateway'],
    ['bedrock/anthropic.claude-3-haiku-20240307-v1:0', 'gateway'],
    ['vertex_ai/claude-opus-4-1@20250805', 'gateway'],
    ['claude-opus-5.5', 'gateway'],
    ['claude-opus-4-8-fast', 'gateway'],
    ['claude-opus-4.8-fast', 'gateway'],
    ['claude-fast-opus-5-5', 'unknown_model'],
    ['claude-opus[1m]-5-5', 'unknown_model'],
    ['claude@latest-opus-5-5', 'unknown_model'],
    ['us..anthropic.claude-opus-5-5', 'unknown_model'],
    ['.anthropic.claude-opus-5-5', 'unknown_model'],
    ['anthropic.', 'unknown_model'],
    ['arn:aws:bedrock:us-east-1:1:inference-profile/claude-opus-5-5', 'unknown_model'],
    ['claude-opus-9.5', 'unknown_model'],
    ['claude-opus-9-fast', 'unknown_model'],
    ['claude-opus-9', 'unknown_model'],
    ['xx.anthropic.claude-opus-5-5', 'unknown_model'],
    ['us.eu.anthropic.claude-opus-5-5', 'unknown_model'],
    ['notanthropic.claude-opus-5-5', 'unknown_model'],
    ['anthropic.anthropic.claude-opus-5-5', 'unknown_model'],
    ['anthropic.claude-opus-9', 'unknown_model'],
    ['anthropic.claude-v2:1', 'unknown_model'],
    ['anthropic.claude-opus-5-5-v1:0:lots', 'unknown_model'],
    ['arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-9', 'unknown_model'],
    ['publishers/anthropic/models/claude-opus-9', 'unknown_model'],
    // A date is a date
    ['claude-opus-4-5-20251301', 'unknown_model'],
    ['claude-opus-4-5-20251132', 'unknown_model'],
    ['claude-opus-4-5-19991101', 'unknown_model'],
    ['claude-opus-4-5-202511010', 'unknown_model'],
    ['claude-opus-4-5@', 'unknown_model'],
    ['claude-opus-4-5@newest', 'unknown_model'],
    // Platform forms do not mix
    ['claude-opus-4-6-v1', 'unknown_model'],
    ['', 'unknown_model'],
    ['constructor', 'unknown_model'],
    ['__proto__', 'unknown_model'],
  ])('%s has no price: %s', (raw, reason) => {
    expect(resolveModelId(raw)).toEqual({ reason });
  });
});
