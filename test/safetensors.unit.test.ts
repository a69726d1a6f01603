// Safetensors: against bytes made by Python (golden/safetensors.py), round trips, and files that are not what they claim.

import { LanewiseError } from "../bindings/errors.ts";
import type { SafetensorsFile, SafetensorsInput } from "../src/io/safetensors.ts";
import { decodeSafetensors, encodeSafetensors } from "../src/io/safetensors.ts";
import { sizeOf } from "../src/shape.ts";
import { throwsError } from "./errors.ts";
import golden from "./golden/safetensors.json";
import { assert, suite } from "./harness.ts";

const WHERE = 'load "a.safetensors"';

/** A file with this header, as text or as what JSON makes of it, and so many bytes of data. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function refused(bytes: Uint8Array, text: RegExp): void {
  const { message } = throwsError(() => decodeSafetensors(bytes, WHERE), "bad-file", text);
  assert.ok(message.startsWith(`${WHERE}: not a valid safetensors file: `), message);
}

/** Reads, or refuses as a library does; what was read must be whole. */
function readOrRefused(bytes: Uint8Array): SafetensorsFile | null {
  try {
    const read = decodeSafetensors(bytes, WHERE);
    for (const { shape, data } of read.tensors.values()) assert.is(data.length, sizeOf(shape));
    for (const text of Object.values(read.metadata)) assert.type(text, "string");
    return read;
  } catch (error) {
    assert.ok(error instanceof LanewiseError && error.code === "bad-file", String(error));
    return null;
  }
}

const info = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const inputs: readonly SafetensorsInput[] = [
  { name: "kernel", dtype: "F32", shape: [2, 1], data: Float32Array.of(-0, Math.fround(0.1)) },
  { name: "steps", dtype: "I32", shape: [], data: Int32Array.of(-7) },
];
const bits = (data: Float32Array | Float64Array | Int32Array): number[] => [
  ...new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
];
const small = encodeSafetensors(inputs, { seed: "9007199254740991" });

suite("safetensors", (test) => {
  test("bytes made by Python are read at their value, wherever they lie", () => {
    for (const offset of [0, 1, 4]) {
      const bytes = new Uint8Array(golden.bytes.length + offset).subarray(offset);
      bytes.set(golden.bytes);
      const { tensors, metadata } = decodeSafetensors(bytes, WHERE);
      assert.equal(metadata, { format: "pt", ümlaut: "日本" });
      assert.equal([...tensors.keys()], Object.keys(golden.values));
      for (const [name, { dtype, shape, data }] of Object.entries(golden.values)) {
        const tensor = tensors.get(name);
        assert.is(tensor?.dtype, dtype);
        assert.equal(tensor?.shape, shape);
        const float32 = dtype === "F32" || dtype === "F16" || dtype === "BF16";
        const values = data as number[];
        assert.equal([...(tensor?.data ?? [])], float32 ? values.map(Math.fround) : values, name);
        bytes.fill(0); // what was read is the caller's own
        bytes.set(golden.bytes);
      }
    }
  });

  test("half floats: every value", () => {
    const bytes = file({ x: info(0, 131072, [65536], "F16") }, 131072);
    const view = new DataView(bytes.buffer, bytes.length - 131072);
    for (let i = 0; i < 65536; i++) view.setUint16(i * 2, i, true);
    const x = decodeSafetensors(bytes, WHERE).tensors.get("x")?.data as Float32Array;
    assert.equal(
      [x[0], x[1], x[0x3ff], x[0x400], x[0x3c00], x[0x7bff], x[0x7c00], x[0xfc00]],
      [0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, 65504, Infinity, -Infinity],
    );
    assert.ok(Object.is(x[0x8000], -0) && Number.isNaN(x[0x7c01]));
    for (let i = 1; i < 0x7c00; i++)
      assert.ok((x[i] as number) > (x[i - 1] as number) && x[i | 0x8000] === -(x[i] as number));
  });

  test("round trip, with names and texts of any kind", () => {
    const nan = new Float32Array(Uint32Array.of(0x7fa00001).buffer);
    const tensors: SafetensorsInput[] = [
      { name: "nan", dtype: "F32", shape: [1], data: nan },
      { name: "__proto__", dtype: "F64", shape: [1, 2], data: Float64Array.of(0.1, Number.MAX_VALUE) },
      { name: "", dtype: "I32", shape: [0, 3], data: new Int32Array(0) },
      { name: 'a"\\{}[]:,\n\u{1f600}', dtype: "I32", shape: [], data: Int32Array.of(-(2 ** 31)) },
      ...inputs,
    ];
    const bytes = encodeSafetensors(tensors, { __proto__x: "", '"{': "}:\\" });
    const { tensors: read, metadata } = decodeSafetensors(bytes, WHERE);
    assert.equal(metadata, { __proto__x: "", '"{': "}:\\" });
    assert.is(read.size, tensors.length);
    for (const { name, dtype, shape, data } of tensors) {
      const tensor = read.get(name);
      assert.equal([tensor?.dtype, tensor?.shape, tensor?.data.constructor], [dtype, shape, data.constructor]);
      assert.equal(bits(tensor?.data ?? new Int32Array(0)), bits(data), name);
    }
    const headerBytes = new DataView(bytes.buffer).getUint32(0, true);
    assert.is(headerBytes % 8, 0);
    assert.is(bytes.length, 8 + headerBytes + 4 + 16 + 0 + 4 + 8 + 4);
    assert.equal(decodeSafetensors(encodeSafetensors([]), WHERE), { tensors: new Map(), metadata: {} });
  });

  test("every truncation is refused", () => {
    for (let length = 0; length < small.length; length++) refused(small.subarray(0, length), /./);
    for (let length = 0; length < golden.bytes.length; length++) {
      refused(Uint8Array.from(golden.bytes.slice(0, length)), /./);
    }
  });

  test("every wrong byte in the header is refused, or the file still has a meaning", () => {
    const tiny = encodeSafetensors([{ name: "a", dtype: "F32", shape: [1], data: new Float32Array(1) }], { b: "c" });
    let read = 0;
    for (let at = 0; at < tiny.length - 4; at++) {
      for (let value = 0; value < 256; value++) {
        const bytes = tiny.slice();
        bytes[at] = value;
        if (value !== tiny[at] && readOrRefused(bytes)) read++;
      }
    }
    assert.ok(read > 100); // another name, another text
  });

  test("lengths that do not fit", () => {
    refused(new Uint8Array(0), /it has 0 bytes/);
    refused(new Uint8Array(7), /it has 7 bytes/);
    const header = (length: bigint): Uint8Array => {
      const bytes = new Uint8Array(64);
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      return bytes;
    };
    refused(header(0n), /JSON/);
    refused(header(57n), /57 bytes is announced, 56/);
    refused(header(100_000_001n), /over the limit/);
    refused(header(2n ** 64n - 1n), /over the limit/);
    refused(Uint8Array.of(...small, 0), /last 1 bytes belong to no tensor/);
  });

  test("headers that are none", () => {
    for (const text of [
      "",
      "null",
      "[]",
      "3",
      '"x"',
      "[{}]",
      "{",
      "{}x",
      "{'a':1}",
      '{"a":1,}',
      "\ufeff{}",
      "[".repeat(1e5),
    ]) {
      refused(file(text), /header/);
    }
    refused(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff), /UTF-8/);
    const tensor = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
    refused(file(`{"a":${tensor},"b":${tensor},"a":${tensor}}`), /"a" twice/);
    refused(file(`{"a":${tensor},"\\u0061":${tensor}}`), /"a" twice/);
    refused(file(`{"a":${tensor.replace("{", '{"shape":[0],')}}`), /"shape" twice/);
    refused(file('{"__metadata__":{"k":"1","k":"2"}}'), /"k" twice/);
    refused(file('{"__metadata__":{},"__metadata__":{}}'), /"__metadata__" twice/);
    assert.is(decodeSafetensors(file(` {"a":${tensor} , "b" : ${tensor}} `), WHERE).tensors.size, 2);
  });

  test("metadata that are not texts", () => {
    for (const value of [null, [], "x", 3, { a: 1 }, { a: null }, { a: "x", b: {} }, info(0, 0)]) {
      refused(file({ __metadata__: value }), /__metadata__ must be an object of strings/);
    }
  });

  test("tensors that are none", () => {
    for (const value of [null, 3, "x", [], {}, { dtype: "F32", shape: [0] }, { ...info(0, 0), more: 1 }]) {
      refused(file({ x: value }), /tensor "x" must be an object with dtype, shape and data_offsets/);
    }
    for (const dtype of ["f32", "F8_E4M3", "U64", "toString", "", null, 3]) {
      refused(file({ x: info(0, 4, [1], dtype) }, 4), /tensor "x" has dtype/);
    }
    for (const shape of [null, 1, "1", {}, [-1], [0.5], ["1"], [null], [[1]], [2 ** 53]]) {
      refused(file({ x: info(0, 4, shape) }, 4), /tensor "x" has shape/);
    }
    for (const data_offsets of [null, 4, [], [0], [0, 2, 4], [-4, 0], [0, 4.5], ["0", "4"], [0, 2 ** 53]]) {
      refused(file({ x: { ...info(0, 4), data_offsets } }, 4), /tensor "x" has data_offsets/);
    }
    refused(file({ x: info(4, 0, [1]) }, 4), /takes 4 bytes, its data_offsets -4/);
    refused(file({ x: info(0, 4, [2]) }, 4), /takes 8 bytes/);
    refused(file({ x: info(0, 4, [2 ** 40, 2 ** 40]) }, 4), /takes/);
    refused(file({ x: info(0, 0, [2 ** 50, ...new Array(30).fill(2 ** 50), 0]) }, 0), /takes NaN/);
  });

  test("tensors that do not lie one after another", () => {
    refused(file({ a: info(0, 8), b: info(4, 12) }, 12), /"b" begins at byte 4 of the data, inside/);
    refused(file({ a: info(0, 8), b: info(0, 8) }, 8), /inside/);
    refused(file({ a: info(0, 4), b: info(8, 12) }, 12), /bytes 4 to 8 of the data, before tensor "b"/);
    refused(file({ a: info(4, 8) }, 8), /bytes 0 to 4/);
    refused(file({ a: info(0, 4) }, 8), /last 4 bytes/);
    refused(file({}, 1), /last 1 bytes/);
    refused(file({ a: info(0, 8) }, 4), /ends at byte 8 of the data, which has 4/);
    refused(file({ a: info(8, 8) }, 4), /ends at byte 8/);
    const { tensors } = decodeSafetensors(file({ b: info(4, 8), z: info(4, 4), a: info(0, 4) }, 8), WHERE);
    assert.equal([...tensors.keys()], ["b", "z", "a"]);
  });

  test("numbers that cannot be had", () => {
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      const bytes = file({ x: info(0, 16, [2], "I64") }, 16);
      new DataView(bytes.buffer).setBigInt64(bytes.length - 8, value, true);
      refused(bytes, /tensor "x" holds an integer beyond 2\^53 at element 1/);
    }
    const bytes = file({ x: info(0, 2, [2], "BOOL") }, 2);
    bytes[bytes.length - 1] = 2;
    refused(bytes, /truth value other than 0 and 1 at element 1/);
  });

  test("wrong calls of the writer", () => {
    const tensor = inputs[0] as SafetensorsInput;
    const wrong = (change: object, code: string, message: RegExp): void => {
      try {
        encodeSafetensors([{ ...tensor, ...change } as SafetensorsInput]);
      } catch (error) {
        assert.ok(error instanceof LanewiseError && error.code === code, String(error));
        assert.match(error.message, message);
        return;
      }
      assert.unreachable(String(message));
    };
    wrong({ name: "__metadata__" }, "invalid-argument", /name must be/);
    wrong({ name: 3 }, "invalid-argument", /name must be/);
    wrong({ dtype: "F16" }, "invalid-argument", /dtype of "kernel"/);
    wrong({ dtype: "I32" }, "invalid-argument", /data of "kernel" must be a Int32Array/);
    wrong({ shape: [3] }, "shape-mismatch", /shape \[3\], got Float32Array\(2\)/);
    wrong({ shape: [-2, -1] }, "shape-mismatch", /shape/);
    assert.throws(() => encodeSafetensors([tensor, tensor]), /no other tensor has/);
    assert.throws(() => encodeSafetensors([], { a: 1 } as never), /metadata "a" must be a string/);
    assert.throws(() => decodeSafetensors("abc" as never, WHERE), /bytes must be a Uint8Array/);
  });
});
