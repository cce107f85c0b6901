# An agent loop on Anthropic's Python SDK; EMITTER says whose instrumentation sends its spans.
import os

import anthropic
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "desk"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
if os.environ["EMITTER"] == "OpenLLMetry":
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
else:
    from openinference.instrumentation.anthropic import AnthropicInstrumentor
AnthropicInstrumentor().instrument()

client = anthropic.Anthropic(base_url=os.environ["ANTHROPIC_BASE_URL"], api_key="k")
messages = [{"role": "user", "content": "secret-prompt"}]
tools = [{"name": "look", "input_schema": {"type": "object"}}]
with trace.get_tracer("desk").start_as_current_span("POST /ask"):
    while True:
        answer = client.messages.create(
            model="claude-sonnet-4-5", max_tokens=100, tools=tools, messages=messages
        )
        messages.append({"role": "assistant", "content": answer.content})
        uses = [block for block in answer.content if block.type == "tool_use"]
        if not uses:
            print(answer.content[0].text)
            break
        results = [
            {"type": "tool_result", "tool_use_id": use.id, "content": "secret-result"} for use in uses
        ]
        messages.append({"role": "user", "content": results})
provider.shutdown()
