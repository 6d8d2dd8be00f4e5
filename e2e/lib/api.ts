// The API as a person with a token would call it; every reply is checked against the OpenAPI file.
import { readFile } from "node:fs/promises";
import { OpenApi } from "./openapi.ts";

export class ApiFault extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    text: string,
    readonly hint: string | null,
  ) {
    super(`${status} ${code}: ${text}`);
  }
}

/* eslint-disable @typescript-eslint/no-explicit-any */
export class Api {
  private schema: OpenApi | undefined;

  constructor(
    readonly base: string,
    readonly token: string | undefined,
  ) {}

  withToken(token: string | undefined): Api {
    return new Api(this.base, token);
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<any> {
    this.schema ??= await OpenApi.of(this.base);
    const raw = body instanceof Uint8Array || typeof body === "string";
    const response = await fetch(this.base + path, {
      method,
      // Longer than any answer takes: a dead connection must fail a test, not hold it up.
      signal: AbortSignal.timeout(30_000),
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { "content-type": raw ? "application/octet-stream" : "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json: any = text === "" ? undefined : JSON.parse(text);
    this.schema.check(method, path, response.status, json);
    if (!response.ok) throw new ApiFault(response.status, json?.code, json?.text, json?.hint ?? null);
    return json;
  }

  get = (path: string) => this.call("GET", `/api/v1${path}`);
  post = (path: string, body: unknown = {}) => this.call("POST", `/api/v1${path}`, body);
  put = (path: string, body: unknown) => this.call("PUT", `/api/v1${path}`, body);
  patch = (path: string, body: unknown) => this.call("PATCH", `/api/v1${path}`, body);
  delete = (path: string) => this.call("DELETE", `/api/v1${path}`);

  async upload(show: string, name: string, file: string): Promise<any> {
    const bytes = new Uint8Array(await readFile(file));
    return this.call("POST", `/api/v1/shows/${show}/clips?name=${encodeURIComponent(name)}`, bytes);
  }
}

/** The fault a call ends with; a call that succeeds is an error. */
export async function faultOf(call: Promise<unknown>): Promise<ApiFault> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ApiFault) return error;
    throw error;
  }
  throw new Error("the call was expected to be refused");
}
