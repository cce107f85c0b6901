// The OpenTelemetry set-up of a program, with an exporter of its own.
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const isFirst = trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
);
if (!isFirst) throw new Error('another provider was there before');

export const exported = () =>
  exporter
    .getFinishedSpans()
    .map(({ name }) => name)
    .toSorted((a, b) => a.localeCompare(b));
