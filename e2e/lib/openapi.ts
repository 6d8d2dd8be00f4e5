// Checks replies against the server's own OpenAPI document: path, method and status are
// described, and the body has the shape that is described.
/* eslint-disable @typescript-eslint/no-explicit-any */
export class OpenApi {
  private constructor(readonly document: any) {}

  static async of(base: string): Promise<OpenApi> {
    const response = await fetch(`${base}/api/openapi.json`);
    return new OpenApi(await response.json());
  }

  check(method: string, path: string, status: number, body: unknown): void {
    const plain = path.split("?")[0] ?? path;
    const operation = this.operation(plain, method);
    if (operation === undefined) throw new Error(`the OpenAPI file knows no ${method} ${plain}`);
    const reply = operation.responses?.[String(status)] ?? (status >= 400 ? operation.responses?.default : undefined);
    if (reply === undefined) throw new Error(`the OpenAPI file knows no ${status} of ${method} ${plain}`);
    const schema = this.resolve(reply).content?.["application/json"]?.schema;
    if (schema !== undefined) this.match(schema, body, `${method} ${plain} ${status}`);
    else if (body !== undefined) throw new Error(`${method} ${plain} ${status}: a body nobody described`);
  }

  private operation(path: string, method: string): any {
    const parts = path.split("/");
    for (const [template, item] of Object.entries<any>(this.document.paths)) {
      const wanted = template.split("/");
      if (wanted.length === parts.length && wanted.every((w, i) => w.startsWith("{") || w === parts[i])) {
        const operation = item[method.toLowerCase()];
        if (operation !== undefined) return operation;
      }
    }
    return undefined;
  }

  private resolve(node: any): any {
    let resolved = node;
    while (typeof resolved?.$ref === "string") {
      resolved = resolved.$ref
        .slice(2)
        .split("/")
        .reduce((at: any, key: string) => at?.[key.replaceAll("~1", "/")], this.document);
    }
    return resolved;
  }

  private match(schemaOrRef: any, value: unknown, where: string): void {
    const schema = this.resolve(schemaOrRef);
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices !== undefined) {
      const fits = choices.some((choice: any) => {
        try {
          this.match(choice, value, where);
          return true;
        } catch {
          return false;
        }
      });
      if (!fits) throw new Error(`${where}: fits none of the described shapes: ${JSON.stringify(value)}`);
      return;
    }
    for (const part of schema.allOf ?? []) this.match(part, value, where);
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
      throw new Error(`${where}: ${JSON.stringify(value)} is none of ${JSON.stringify(schema.enum)}`);
    }
    const types: string[] | undefined = schema.type === undefined ? undefined : [schema.type].flat();
    if (types !== undefined && !types.some((type) => isOfType(type, value))) {
      throw new Error(`${where}: ${JSON.stringify(value)} is not ${types.join(" or ")}`);
    }
    if (Array.isArray(value) && schema.items !== undefined) {
      value.forEach((item, index) => this.match(schema.items, item, `${where}[${index}]`));
    }
    if (value !== null && typeof value === "object" && !Array.isArray(value) && schema.properties !== undefined) {
      for (const key of schema.required ?? []) {
        if (!(key in value)) throw new Error(`${where}: ${key} is missing`);
      }
      for (const [key, item] of Object.entries(value)) {
        const property = schema.properties[key];
        if (property !== undefined) this.match(property, item, `${where}.${key}`);
        else if (schema.allOf === undefined && schema.additionalProperties === undefined) {
          throw new Error(`${where}: ${key} is not described`);
        }
      }
    }
  }
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "object":
      return value !== null && typeof value === "object" && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}
