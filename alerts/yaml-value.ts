// What a YAML file of rules is made of before it is written. Keys whose value is undefined are left out.

export type YamlValue =
  string | number | boolean | null | undefined | readonly YamlValue[] | { readonly [key: string]: YamlValue };
