// Markdown that a model wrote, as elements of an allow-list: what stands in it as HTML stays text, images are not loaded, and
// only addresses of http and https are links. Characters that would hide or reorder it are shown as everywhere else.

import MarkdownIt, { type Token } from 'markdown-it';
import { Fragment, type ComponentChildren, type VNode } from 'preact';
import { escapedParts } from './foreign-text.tsx';

/** Longer texts, and those that nest deeper, are shown as they were written. */
const LONGEST = 20_000;
const DEEPEST = 24;
const WEB_ADDRESS = /^https?:\/\//i;

const parser = new MarkdownIt({ html: false, linkify: false, typographer: false });

/** A token with what stands between its opening and its closing. */
interface Node {
  readonly token: Token;
  readonly children: readonly Node[];
}

/** The text as elements; undefined where it has no markup, or more than anybody means. */
export function markdownOf(text: string): VNode | undefined {
  if (text.length > LONGEST) return undefined;
  const tokens = parser.parse(text, {});
  if (!tokens.some(isMarkup) || tokens.some(({ level }) => level > DEEPEST)) return undefined;
  return <div class="markdown">{childrenOf(treeOf(tokens))}</div>;
}

const PLAIN = new Set([
  'paragraph_open',
  'paragraph_close',
  'text',
  'softbreak',
  'hardbreak',
  'text_special',
]);

function isMarkup(token: Token): boolean {
  return token.type === 'inline' ? (token.children ?? []).some(isMarkup) : !PLAIN.has(token.type);
}

function treeOf(tokens: readonly Token[]): readonly Node[] {
  const root: Node[] = [];
  const open: Node[][] = [root];
  for (const token of tokens) {
    if (token.nesting < 0) {
      if (open.length > 1) open.pop();
      continue;
    }
    const children: Node[] = token.type === 'inline' ? [...treeOf(token.children ?? [])] : [];
    open.at(-1)?.push({ token, children });
    if (token.nesting > 0) open.push(children);
  }
  return root;
}

function childrenOf(nodes: readonly Node[]): ComponentChildren {
  return nodes.map((node, index) => <Fragment key={index}>{elementOf(node)}</Fragment>);
}

function elementOf({ token, children }: Node): ComponentChildren {
  const inner = (): ComponentChildren => childrenOf(children);
  switch (token.type) {
    case 'heading_open':
      // Headings of the page are not the model's to give.
      return <p class="heading">{inner()}</p>;
    case 'paragraph_open':
      return token.hidden ? inner() : <p>{inner()}</p>;
    case 'blockquote_open':
      return <blockquote>{inner()}</blockquote>;
    case 'fence':
    case 'code_block':
      return (
        <pre tabIndex={0}>
          <code>{escapedParts(token.content.replace(/\n$/, ''))}</code>
        </pre>
      );
    case 'bullet_list_open':
      return <ul>{inner()}</ul>;
    case 'ordered_list_open':
      return <ol start={Number(attributeOf(token, 'start') ?? 1)}>{inner()}</ol>;
    case 'list_item_open':
      return <li>{inner()}</li>;
    case 'table_open':
      return (
        <div class="scroll" tabIndex={0} role="group" aria-label="Table in the text">
          <table>{inner()}</table>
        </div>
      );
    case 'thead_open':
      return <thead>{inner()}</thead>;
    case 'tbody_open':
      return <tbody>{inner()}</tbody>;
    case 'tr_open':
      return <tr>{inner()}</tr>;
    case 'th_open':
      return <th>{inner()}</th>;
    case 'td_open':
      return <td>{inner()}</td>;
    case 'hr':
      return <hr />;
    case 'softbreak':
      return '\n';
    case 'hardbreak':
      return <br />;
    case 'strong_open':
      return <strong>{inner()}</strong>;
    case 'em_open':
      return <em>{inner()}</em>;
    case 's_open':
      return <del>{inner()}</del>;
    case 'code_inline':
      return <code>{escapedParts(token.content)}</code>;
    case 'link_open':
      return <Link address={attributeOf(token, 'href') ?? ''} inner={children} />;
    case 'image':
      return escapedParts(`(image: ${token.content}, ${attributeOf(token, 'src') ?? ''})`);
    case 'inline':
      return inner();
    default:
      return escapedParts(token.content);
  }
}

function attributeOf(token: Token, name: string): string | undefined {
  const value = token.attrs?.find(([key]) => key === name)?.[1];
  return value === undefined ? undefined : String(value);
}

/** The address stands beside a text that is another: what it says is no promise of where it leads. */
function Link({ address, inner }: { address: string; inner: readonly Node[] }): VNode {
  const said = inner.map(({ token }) => token.content).join('');
  const isWeb = WEB_ADDRESS.test(address);
  return (
    <span>
      {isWeb ? (
        <a href={address} rel="noopener noreferrer nofollow" target="_blank">
          {childrenOf(inner)}
        </a>
      ) : (
        childrenOf(inner)
      )}
      {said !== address && <> ({escapedParts(address)})</>}
    </span>
  );
}
