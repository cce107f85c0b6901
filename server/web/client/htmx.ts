// What is used of htmx by name.

export interface Htmx {
  ajax(
    verb: string,
    path: string,
    options: {
      readonly source: Element;
      readonly target: string;
      readonly swap: string;
    },
  ): Promise<void>;
}
