/** For tests: real PNG files, made with zlib alone. */
import { crc32, deflateSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

function header(width: number, height: number): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  // 8 bits of grey each.
  data.writeUInt8(8, 8);
  return chunk('IHDR', data);
}

/** Grey noise, which no compression makes smaller: about `width * height` bytes. */
export function noisePng(width: number, height: number): Buffer {
  const rows = Array.from({ length: height }, () => Buffer.concat([Buffer.from([0]), randomBytes(width)]));
  const pixels = deflateSync(Buffer.concat(rows), { level: 0 });
  return Buffer.concat([SIGNATURE, header(width, height), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** A decompression bomb: 50 000 × 50 000 by its header, of which `bytes` zeros are there, packed to a thousandth. */
export function bombPng(bytes: number): Buffer {
  const pixels = deflateSync(Buffer.alloc(bytes));
  const parts = [SIGNATURE, header(50_000, 50_000), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat(parts);
}
