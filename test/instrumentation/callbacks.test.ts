// Law 1, as a property of the sources: whoever calls a function of ours later (an emitter, a timer, a finalizer, a
// promise, a hook) calls a guarded one, because nothing above it would catch what it throws. The functions are listed
// from the code: each one that is given to a call, unless the callee calls it at once and is known to.

import { parseSync } from '@swc/core';
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.resolve(import.meta.dirname, '../../instrumentation');
/** Wrappers that catch, or that take what they are given through one that does. */
const GUARDS = new Set([
  'guard',
  'guarded',
  'guardedListener',
  'guardAsync',
  'later',
  'holdUntil',
  'listenBeforeExit',
]);
/** Called by the callee itself, before it returns: what such a function throws is thrown where the call stands. */
const AT_ONCE =
  /^(map|flatMap|filter|find|findLast|findLastIndex|findIndex|some|every|reduce|forEach|sort|toSorted|replace|replaceAll|from|with|Promise)$/;
/** Registrars of which even a named function has to be seen to be guarded. */
const REGISTRARS =
  /^(on|once|addListener|prependListener|prependOnceListener|addEventListener|subscribe|setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|FinalizationRegistry|registerHooks|createHook|then|catch|finally)$/;
/** Registrars whose first argument is what to wait for. */
const NAMES_FIRST = /^(on|once|addListener|prependListener|prependOnceListener|addEventListener)$/;
/** Registrars that take functions in an object. */
const TAKES_OBJECT = /^(registerHooks|createHook)$/;

/** Functions that are not guarded, and why nothing can come of it. */
const REASONS: Readonly<Record<string, string>> = {
  'follow/chain.ts then': 'hands on what the SDK gives; what is given to it is guarded inside',
  'sdk/observe-response.ts then': 'hands on the response of the SDK; what reads it is guarded inside',
  'sdk/observe-call.ts then': 'hands on the response of the SDK; what reads it is guarded inside',
  'sdk/observe-count.ts then': 'hands on the response of the SDK; what reads it is guarded inside',
  'sdk/module-hooks.ts registerHooks':
    'the loader has to get what the next hook gives; ours is guarded inside',
  'sdk/module-hooks.ts textOfImported': 'called at once, within a guard',
  'sdk/module-hooks.ts agentModule': 'called at once, within a guard',
  'claude-agent/agent-query.ts openUnit': 'the observer guards every end of a unit',
  'sdk/observe-count.ts openUnit': 'the observer guards every end of a unit',
  'api/observe-work.ts listen': 'part of a test of the program, where a fault must show',
  'api/observe-work.ts on': 'the same',
  'api/observe-work.ts once': 'the same',
  'index.ts tool': 'the function of the program, called in the place of it',
  'sdk/observe-call.ts send': 'the function of the SDK, called in the place of it',
  'frameworks/tool-loop-agent.ts run': 'the method of the program, called in the place of it',
  'frameworks/ai-sdk.ts bindStore': 'has to give a place; ours is guarded inside',
  'record/runs.ts whenQuiet': 'called by the end of a model call, which is guarded',
  'wire/held-body.ts nextTick': 'the function of the program, called as its write would call it',
  'process/guard.ts catch': 'the guard itself',
};

interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly callee?: Node;
  readonly property?: Node;
  readonly expression?: Node;
  readonly arguments?: readonly { readonly expression: Node }[] | null;
}

interface Given {
  readonly file: string;
  readonly callee: string;
  readonly isGuarded: boolean;
}

type Visit = (node: Node) => void;

function walk(value: unknown, visit: Visit): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (typeof value === 'object' && value !== null) {
    if ('type' in value && typeof value.type === 'string') visit(value as Node);
    for (const child of Object.values(value)) walk(child, visit);
  }
}

/** Functions given to calls that may call them later, in one file. */
function listGiven(file: string, source: string): Given[] {
  const tree = parseSync(source, { syntax: 'typescript', target: 'es2024' });
  /** Functions and classes of ours: what they do with a function is listed where they do it. */
  const own = new Set<string>();
  const guardedNames = new Set<string>();
  walk(tree, (node) => {
    const { id, init, identifier, source: from, specifiers } = node as unknown as Declaration;
    if (node.type === 'VariableDeclarator' && init !== undefined && init !== null && isSafe(init))
      guardedNames.add(String(id?.value));
    if (node.type === 'VariableDeclarator' && isFunction(init)) own.add(String(id?.value));
    if (/^(Function|Class)Declaration$/.test(node.type)) own.add(String(identifier?.value));
    if (node.type === 'ImportDeclaration' && from?.value.startsWith('.') === true)
      for (const { local } of specifiers ?? []) own.add(local.value);
  });
  const given: Given[] = [];
  walk(tree, (node) => {
    if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return;
    const callee = nameOf(node.callee);
    if (GUARDS.has(callee) || AT_ONCE.test(callee)) return;
    const isRegistrar = REGISTRARS.test(callee);
    if (!isRegistrar && (own.has(rootOf(node.callee)) || rootOf(node.callee) === 'this')) return;
    const parameters = (node.arguments ?? []).map(({ expression }) => expression);
    const place = NAMES_FIRST.test(callee) ? 1 : 0;
    const [handed] = parameters.slice(place);
    if (isRegistrar && handed !== undefined) {
      const isGuarded = isSafe(handed) || guardedNames.has(String(handed.value));
      if (TAKES_OBJECT.test(callee) || handed.type !== 'StringLiteral')
        given.push({ file, callee, isGuarded });
    }
    for (const parameter of parameters)
      if (isFunction(parameter) && !(isRegistrar && parameter === handed))
        given.push({ file, callee, isGuarded: isSafe(parameter) });
  });
  return given;
}

interface Declaration {
  readonly id?: { readonly value?: string };
  readonly init?: Node | null;
  readonly identifier?: { readonly value: string };
  readonly source?: { readonly value: string };
  readonly specifiers?: readonly { readonly local: { readonly value: string } }[];
}

function isFunction(node: Node | undefined | null): boolean {
  return node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression';
}

/** First name of a callee: `stream` of `stream.on`, `this` of `this.#spool.take`. */
function rootOf(node: Node | undefined): string {
  if (node === undefined) return '';
  if (node.type === 'ThisExpression') return 'this';
  if (node.type === 'MemberExpression') return rootOf((node as { object?: Node }).object);
  return nameOf(node);
}

/** A guarded function, or one that does nothing outside of the guard but hand on what it was given. */
function isSafe(node: Node): boolean {
  if (isGuardCall(node)) return true;
  if (!isFunction(node)) return false;
  const { body } = node as unknown as { body: Node & { stmts?: readonly Node[] } };
  return body.stmts === undefined ? isSafeStep(body) : body.stmts.every(isSafeStep);
}

function isSafeStep(step: Node): boolean {
  const { type, argument, expression } = step as Node & { readonly argument?: Node };
  if (type === 'ExpressionStatement') return expression !== undefined && isSafeStep(expression);
  if (type === 'ThrowStatement' || type === 'ReturnStatement')
    return argument === undefined || argument.type === 'Identifier';
  if (type === 'CallExpression' && REGISTRARS.test(nameOf(step.callee)))
    return (step.arguments ?? []).every(({ expression: given }) => !isFunction(given) || isSafe(given));
  return type === 'Identifier' || isGuardCall(step);
}

function isGuardCall(node: Node | undefined): boolean {
  return node?.type === 'CallExpression' && GUARDS.has(nameOf(node.callee));
}

/** Last name of a callee: `on` of `stream.on`. */
function nameOf(node: Node | undefined): string {
  if (node === undefined) return '';
  if (node.type === 'MemberExpression') return nameOf(node.property);
  if (node.type === 'OptionalChainingExpression') return nameOf((node as { base?: Node }).base);
  if (node.type === 'TsInstantiation' || node.type === 'ParenthesisExpression')
    return nameOf(node.expression);
  return typeof node.value === 'string' ? node.value : '';
}

describe('callbacks of ours', () => {
  const given = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/(^|[\\/])(node_modules|dist)[\\/]/.test(file))
    .filter((file) => file !== 'check-delivery.ts')
    .flatMap((file) => listGiven(file, readFileSync(path.join(FOLDER, file), 'utf8')));

  it('are guarded, or have a reason', () => {
    const bare = given.filter(({ isGuarded }) => !isGuarded).map(({ file, callee }) => `${file} ${callee}`);
    expect([...new Set(bare)].filter((name) => !(name in REASONS))).toEqual([]);
    // A reason whose function is gone goes, too.
    expect(Object.keys(REASONS).filter((name) => !bare.includes(name))).toEqual([]);
  });

  it('are found: streams, timers, finalizers, signals, promises', () => {
    const found = new Set(given.filter(({ isGuarded }) => isGuarded).map(({ callee }) => callee));
    expect([...found]).toEqual(
      expect.arrayContaining(['on', 'setInterval', 'setImmediate', 'FinalizationRegistry']),
    );
  });

  it.each([
    ["stream.on('close', () => done());", ['on']],
    ['setTimeout(work, 5);', ['setTimeout']],
    ['new FinalizationRegistry<Call>((call) => call.end());', ['FinalizationRegistry']],
    ['promise.then((value) => use(value)).catch(ignore);', ['catch', 'then']],
    ['connect(url, { port }, () => started());', ['connect']],
    ["channel('x').subscribe(see);", ['subscribe']],
    ["stream.on('close', guarded('close', () => done()));", []],
    ["const onEnd = guarded('end', () => done()); stream.on('end', onEnd);", []],
    ['list.map((item) => item.name);', []],
    ["stream.on('end', () => { guard('end', () => done()); });", []],
    ["stream.on('end', () => { guard('end', () => done()); done(); });", ['on']],
  ])('%s', (source, bare) => {
    const found = listGiven('x.ts', source).filter(({ isGuarded }) => !isGuarded);
    expect(found.map(({ callee }) => callee).toSorted()).toEqual(bare);
  });
});
