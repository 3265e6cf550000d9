// The node's HTTP API. Errors are of three kinds, which a person has to tell apart: the node refuses, the session is
// over, the node cannot be reached.

import { decode, encode } from "../lib/json.js";

/** The node refuses: an RFC 9457 problem. */
export class Refusal extends Error {
  constructor(problem, status) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.title = problem.title ?? "The node refuses";
    this.type = problem.type ?? "";
    this.status = status;
  }
}

/** The session's token is of an earlier start of the node. */
export class SessionEnded extends Error {
  constructor() {
    super("The session has ended.");
  }
}

/** No answer. */
export class Unreachable extends Error {
  constructor() {
    super("The node does not answer.");
  }
}

const PATIENCE_MS = 20_000;

async function call(method, path, body, headers = {}) {
  let response;
  let text;
  try {
    response = await fetch(`/v1/${path}`, {
      method, cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS),
      headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? undefined : encode(body),
    });
    text = await response.text();
  } catch {
    throw new Unreachable();
  }
  if (response.status === 401) throw new SessionEnded();
  let document = null;
  try {
    document = decode(text);
  } catch {
    if (response.ok) throw new Refusal({ title: "The answer is not JSON" }, response.status);
  }
  if (!response.ok) throw new Refusal(document ?? { title: response.statusText }, response.status);
  return document;
}

const query = (parameters) => new URLSearchParams(parameters).toString();

/** A document of the API. */
export const get = (path, parameters) => call("GET", parameters ? `${path}?${query(parameters)}` : path);

/** An answer to a body. */
export const post = (path, body, headers) => call("POST", path, body, headers);

/** A change of what stands at a path. */
export const patch = (path, body) => call("PATCH", path, body);

/** Takes back what stands at a path. */
export const remove = (path) => call("DELETE", path);

/** A name for one submission, however often it is sent. */
export function idempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Places an order. A lost answer is asked for again under the same key, which never places a second order. */
export async function placeOrder(request, key) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await post("orders", request, { "Idempotency-Key": key });
    } catch (error) {
      if (!(error instanceof Unreachable) || attempt === 3) throw error;
    }
  }
}
