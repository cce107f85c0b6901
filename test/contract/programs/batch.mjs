// Reads the results of a batch, the first row twice.
const { default: Anthropic } = await import(process.env.SDK ?? '@anthropic-ai/sdk');
const { batches } = new Anthropic().messages;

for (let time = 0; time < 2; time += 1) {
  const rows = [];
  for await (const row of await batches.results('batch_1')) {
    rows.push(`${row.custom_id}:${row.result.type}`);
    if (time === 1) break;
  }
  console.log(rows.join());
}
