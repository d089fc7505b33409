/** A reply that is not a plain JSON value: a script, a file, or JSON that was already written as a string. */

/** Several values of one name are sent as a header each: Set-Cookie allows nothing else. */
export type ReplyHeaders = Readonly<Record<string, string | readonly string[]>>;

export interface RawReplyParts {
  readonly body: string | Buffer;
  /** Media type as it stands in Content-Type. */
  readonly contentType: string;
  readonly headers?: ReplyHeaders;
  /** Default: the endpoint's own success status. */
  readonly status?: number;
}

const JSON_TYPE = 'application/json; charset=utf-8';

export class RawReply {
  readonly body: string | Buffer;
  readonly contentType: string;
  readonly headers: ReplyHeaders;
  readonly status: number | null;

  constructor(parts: RawReplyParts) {
    this.body = parts.body;
    this.contentType = parts.contentType;
    this.headers = parts.headers ?? {};
    this.status = parts.status ?? null;
  }

  /** A JSON value with headers of its own, e.g. Set-Cookie. */
  static json(value: unknown, headers: ReplyHeaders = {}): RawReply {
    return new RawReply({ body: JSON.stringify(value), contentType: JSON_TYPE, headers });
  }

  /** JSON that is kept written, e.g. a cached status. */
  static writtenJson(text: string): RawReply {
    return new RawReply({ body: text, contentType: JSON_TYPE });
  }

  static text(body: string, contentType = 'text/plain; charset=utf-8'): RawReply {
    return new RawReply({ body, contentType });
  }
}

export interface StreamReplyParts {
  /** Text, piece by piece; asked for only as fast as the caller takes it. */
  readonly chunks: AsyncIterable<string>;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A reply that is written while it is made. A fault half-way cuts the connection, so that half is not taken for the whole. */
export class StreamReply {
  readonly chunks: AsyncIterable<string>;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(parts: StreamReplyParts) {
    this.chunks = parts.chunks;
    this.contentType = parts.contentType;
    this.headers = parts.headers ?? {};
  }
}
