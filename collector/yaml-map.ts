// YAML as data: what a configuration is made of before it is written.

/** Any value that YAML can hold. */
export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml };
export type YamlMap = { readonly [key: string]: Yaml };
