// Readers of files: against files made by NumPy (golden/npy.py) and by hand, and files that are not what they claim.

import * as lanewise from "../src/index.ts";
import { readCsv, readIdx, readNpy, readNpz, writeNpy } from "../src/index.ts";
import { integerBelow, wordSource } from "../src/random.ts";
import { rejects } from "./errors.ts";
import golden from "./golden/npy.json";
import { assert, suite } from "./harness.ts";

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** An IDX file: type, dimensions, and the bytes of the numbers. */
const idx = (type: number, shape: readonly number[], data: readonly number[]): Uint8Array =>
  Uint8Array.from([0, 0, type, shape.length, ...shape.flatMap((n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]), ...data]); // biome-ignore format: one

/** Changes, cuts and lengthens a file at random places: each result is read, or refused by a LanewiseError in time. */
async function survives(file: Uint8Array, read: (bytes: Uint8Array) => Promise<unknown>, rounds = 300): Promise<void> {
  const next = wordSource(7, file.length, 0);
  const below = (choices: number): number => integerBelow(choices, next);
  for (let round = 0; round < rounds; round++) {
    const kind = below(3);
    const changed = kind === 0 ? file.slice(0, below(file.length)) : new Uint8Array(file.length + (kind === 2 ? 3 : 0));
    if (kind > 0) {
      changed.set(file);
      for (let i = 0; i <= below(4); i++) changed[below(file.length)] = below(256);
    }
    await read(changed).catch((error) => {
      assert.instance(error, lanewise.LanewiseError, `round ${round}: ${error?.stack}`);
      assert.ok(["bad-file", "unsupported", "empty-data"].includes(error.code), error.code);
    });
  }
}

suite("IDX", (test) => {
  test("every type, most significant byte first", async () => {
    const cases: [number, number[], number[], unknown][] = [
      [8, [2, 2], [0, 1, 254, 255], Uint8Array.of(0, 1, 254, 255)],
      [9, [2], [0x80, 0x7f], Int8Array.of(-128, 127)],
      [11, [1, 2], [0xff, 0xfe, 1, 2], Int16Array.of(-2, 258)],
      [12, [1], [0xff, 0xff, 0xff, 0xfd], Int32Array.of(-3)],
      [13, [2], [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0], Float32Array.of(1.5, -2)],
      [14, [1], [0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], Float64Array.of(0.1)],
      [8, [0, 28, 28], [], new Uint8Array(0)],
    ];
    for (const [type, shape, bytes, data] of cases)
      assert.equal(await readIdx(idx(type, shape, bytes)), { data, shape });
  });

  test("gzipped, from a Blob, from a view into other bytes", async () => {
    const file = idx(8, [2, 3], [1, 2, 3, 4, 5, 6]);
    const expected = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] };
    assert.equal(await readIdx(await gzip(file)), expected);
    assert.equal(await readIdx(new Blob([file as Uint8Array<ArrayBuffer>])), expected);
    const around = new Uint8Array(file.length + 8);
    around.set(file, 3);
    const read = await readIdx(around.subarray(3, 3 + file.length));
    assert.equal(read, expected);
    around.fill(0);
    assert.equal(read, expected);
    assert.equal(await readIdx(file.buffer as ArrayBuffer), expected);
  });

  test("refused: no IDX, cut off, too long, sizes that cannot be, damaged gzip", async () => {
    const file = idx(8, [2, 2], [1, 2, 3, 4]);
    await rejects(() => readIdx(new Uint8Array(0)), "bad-file", /no IDX file.*begins with nothing/);
    await rejects(() => readIdx(ascii("<html>")), "bad-file", /no IDX file.*60 104 116 109/);
    await rejects(() => readIdx(idx(10, [1], [1])), "bad-file", /no IDX file.*0 0 10 1/);
    await rejects(() => readIdx(file.subarray(0, 9)), "bad-file", /cut off within the header/);
    await rejects(() => readIdx(file.subarray(0, 15)), "bad-file", /cut off.*\[2, 2\].*3 bytes/);
    await rejects(() => readIdx(idx(8, [1], [1, 2])), "bad-file", /longer.*\[1\].*2 bytes/);
    await rejects(() => readIdx(idx(8, new Array(40).fill(0x7fffffff), [1])), "bad-file", /cut off/);
    const zipped = await gzip(file);
    await rejects(() => readIdx(zipped.subarray(0, zipped.length - 4)), "bad-file", /compressed data are damaged/);
    await rejects(() => readIdx(zipped.map((byte, i) => (i === zipped.length - 6 ? byte ^ 1 : byte))), "bad-file", /damaged/); // biome-ignore format: one
    await rejects(() => readIdx("" as never), "invalid-argument", /source/);
  });

  test("a small file that would grow to 20 MB is given up early", async () => {
    const bomb = new Uint8Array(20_000_000);
    bomb.set(idx(8, [2], [1, 2]));
    const zipped = await gzip(bomb);
    assert.ok(zipped.length < 40_000);
    await rejects(() => readIdx(zipped), "bad-file", /more than the 10 bytes/);
  });

  test("changed at random: read, or refused", async () => {
    const file = idx(
      12,
      [3, 2],
      Array.from({ length: 24 }, (_, i) => i),
    );
    await survives(file, readIdx);
    await survives(await gzip(file), readIdx, 100);
  });
});

suite("npy and npz", (test) => {
  for (const [name, { base64, shape, data }] of Object.entries(golden.files)) {
    test(`${name}, as NumPy wrote it`, async () => {
      const read = await readNpy(bytesOf(base64));
      assert.equal(read.shape, shape);
      assert.equal([...read.data].map((each) => each + 0), data.map((each) => each + 0)); // biome-ignore format: one
    });
  }

  test("types: of the file where there is one here, float64 for 64-bit integers, float32 for float16", async () => {
    const typeOf = async (name: keyof typeof golden.files): Promise<string> =>
      (await readNpy(bytesOf(golden.files[name].base64))).data[Symbol.toStringTag];
    assert.is(await typeOf("bool"), "Uint8Array");
    assert.is(await typeOf("int16"), "Int16Array");
    assert.is(await typeOf("uint16 big"), "Uint16Array");
    assert.is(await typeOf("uint32"), "Uint32Array");
    assert.is(await typeOf("int64"), "Float64Array");
    assert.is(await typeOf("float16"), "Float32Array");
    assert.is(await typeOf("float64"), "Float64Array");
  });

  test("version 2 of the header", async () => {
    assert.equal((await readNpy(bytesOf(golden.version2))).data, Float64Array.of(0.1, 1e300));
  });

  test("npz, stored and compressed", async () => {
    for (const file of [golden.savez, golden.compressed]) {
      const arrays = await readNpz(bytesOf(file));
      const plain = Object.fromEntries(Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: [...data] }])); // biome-ignore format: one
      assert.equal(plain, golden.npz);
    }
  });

  test("what writeNpy writes is read again; its header is NumPy's, byte for byte", async () => {
    for (const data of [Float32Array.of(0.5, 2), Int8Array.of(-1, 4), Uint32Array.of(1, 2 ** 32 - 1)])
      assert.equal(await readNpy(writeNpy({ data, shape: [1, 2] })), { data, shape: [1, 2] });
    assert.equal(await readNpy(writeNpy([[1, 2], [3, 4.5]])), { data: Float64Array.of(1, 2, 3, 4.5), shape: [2, 2] }); // biome-ignore format: one
    for (const name of ["float64", "uint8", "float32", "int8", "scalar", "empty"] as const) {
      const { base64, shape } = golden.files[name];
      const { data } = await readNpy(bytesOf(base64));
      assert.equal(writeNpy({ data, shape }), bytesOf(base64), name);
    }
    assert.equal(writeNpy(Float64Array.of(0.1, 1e300)), bytesOf(golden.files.float64.base64));
  });

  test("refused: other types, integers beyond 2^53, damage", async () => {
    await rejects(() => readNpy(bytesOf(golden.complex)), "unsupported", /<c16/);
    await rejects(() => readNpy(bytesOf(golden.strings)), "unsupported", /<U1/);
    await rejects(() => readNpy(bytesOf(golden.records)), "unsupported", /records/);
    await rejects(() => readNpy(bytesOf(golden.beyond)), "unsupported", /element 1 is beyond 2\^53/);
    const file = bytesOf(golden.files.float64.base64);
    await rejects(() => readNpy(file.subarray(0, 5)), "bad-file", /no npy file/);
    await rejects(() => readNpy(file.subarray(0, 60)), "bad-file", /within the header/);
    await rejects(() => readNpy(file.subarray(0, -1)), "bad-file", /cut off.*\[2\] of 8 bytes.*15 bytes/);
    await rejects(() => readNpy(ascii("PK\u0003\u0004 not an array")), "bad-file", /no npy file/);
    const text = Array.from(file, (byte) => String.fromCharCode(byte)).join("");
    const wide = text.replace("(2,), }", "(99999999999, 99999999999), }");
    await rejects(() => readNpy(Uint8Array.from(wide, (each) => each.charCodeAt(0))), "bad-file", /cut off/);
    const endless = text.replace("(2,), }", `(${"1".repeat(40)}`); // looked at once, not in 2^40 ways
    await rejects(() => readNpy(Uint8Array.from(endless, (each) => each.charCodeAt(0))), "bad-file", /no 'shape'/);
    const flags = bytesOf(golden.files.bool.base64);
    flags[flags.length - 1] = 2;
    await rejects(() => readNpy(flags), "bad-file", /element 2 is 2/);
    const zip = bytesOf(golden.compressed);
    await rejects(() => readNpz(zip.subarray(0, -30)), "bad-file", /no zip file, or it is cut off/);
    await rejects(() => readNpz(file), "bad-file", /no zip file/);
    const stored = bytesOf(golden.savez);
    stored[200] = 1 ^ (stored[200] as number); // among the numbers of x
    await rejects(() => readNpz(stored), "bad-file", /"x\.npy".*damaged/);
    await rejects(() => Promise.resolve().then(() => writeNpy(new BigInt64Array(1) as never)), "invalid-argument", /values/); // biome-ignore format: one
  });

  test("changed at random: read, or refused", async () => {
    await survives(bytesOf(golden.files.int16.base64), readNpy, 1000);
    await survives(bytesOf(golden.compressed), readNpz, 400);
    await survives(bytesOf(golden.savez), readNpz, 300);
  });
});

suite("CSV", (test) => {
  test("columns may be called what every object has", async () => {
    const { names, columns, categories, y } = await readCsv(
      { text: "__proto__,constructor,toString\n1,red,3\n2,blue,4\n" },
      { target: "__proto__" },
    );
    assert.equal(names, ["constructor", "toString"]);
    assert.equal(Object.keys(columns), ["__proto__", "constructor", "toString"]);
    assert.equal([...(y as Float64Array)], [1, 2]);
    assert.equal(Object.entries(categories), [["constructor", ["blue", "red"]]]);
    const coded = await readCsv({ text: "__proto__,y\nred,3\nblue,4\n" }, { target: "y" });
    assert.equal(Object.entries(coded.categories), [["__proto__", ["blue", "red"]]]);
    assert.is(Object.getPrototypeOf(coded.columns), Object.prototype);
  });

  const iris = "width,length,species\n3.5,1.4,setosa\n3.2,4.7,versicolor\n 3 ,1e0,setosa\n";

  test("numbers and categories by a header; the target apart", async () => {
    const read = await readCsv({ text: iris }, { target: "species" });
    assert.equal(read.x, { data: Float64Array.of(3.5, 1.4, 3.2, 4.7, 3, 1), shape: [3, 2] });
    assert.equal(read.y, Int32Array.of(0, 1, 0));
    assert.equal(read.names, ["width", "length"]);
    assert.equal(read.categories, { species: ["setosa", "versicolor"] });
    assert.equal(read.columns.length, Float64Array.of(1.4, 4.7, 1));
    assert.equal(await readCsv(ascii(iris), { target: "species" }), read);
    assert.equal(await readCsv(await gzip(ascii(iris)), { target: "species" }), read);
    assert.equal(await readCsv(new Blob([iris]), { target: "species" }), read);
  });

  test("byte order mark, CRLF, CR, mixed line ends, no line break at the end, blank lines there", async () => {
    const expected = await readCsv({ text: "a,b\n1,2\n3,4\n" });
    for (const text of ["\ufeffa,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4\r", "a,b\n1,2\r\n3,4\n\n\r\n"]) {
      assert.equal(await readCsv({ text }), expected);
      assert.equal(await readCsv(ascii(text)), expected);
    }
  });

  test("quoted cells: delimiters, quotes and line breaks in them", async () => {
    const text = '"a ""x""","b, c"\r\n"1","two\r\nlines"\r\n2,"say ""hi"", she"\r\n';
    const { names, columns, categories } = await readCsv({ text });
    assert.equal(names, ['a "x"', "b, c"]);
    assert.equal(columns['a "x"'], Float64Array.of(1, 2));
    assert.equal(categories["b, c"], ['say "hi", she', "two\nlines"]);
  });

  test("columns chosen and in order, several targets, other delimiters, no header", async () => {
    const text = "a;b;c;d\n1;2;3;4\n5;6;7;8";
    const some = await readCsv({ text }, { delimiter: ";", columns: ["d", "a"] });
    assert.equal(some.x, { data: Float64Array.of(4, 1, 8, 5), shape: [2, 2] });
    assert.equal(some.y, undefined);
    const two = await readCsv({ text }, { delimiter: ";", target: ["c", "d"] });
    assert.equal(two.y, { data: Float64Array.of(3, 4, 7, 8), shape: [2, 2] });
    assert.equal(two.names, ["a", "b"]);
    const bare = await readCsv({ text: "1\t2\n3\t4\n" }, { delimiter: "\t", header: false, target: "column1" });
    assert.equal(bare.y, Float64Array.of(2, 4));
    assert.equal(bare.names, ["column0"]);
  });

  test("categories are coded alike in a second file, and numbers may be categories", async () => {
    const first = await readCsv({ text: iris }, { target: "species" });
    const second = await readCsv(
      { text: "width,length,species\n1,2,versicolor\n" },
      { target: "species", categories: first.categories },
    );
    assert.equal(second.y, Int32Array.of(1));
    await rejects(
      () => readCsv({ text: "species,w\nvirginica,1\n" }, { categories: first.categories }),
      "bad-file",
      /row 2, column "species" holds "virginica".*setosa, versicolor/,
    );
    const grades = await readCsv({ text: "grade\n10\n9\n9.5\n" }, { categories: ["grade"] });
    assert.equal(
      [grades.categories.grade, [...grades.x.data]],
      [
        ["9", "9.5", "10"],
        [2, 0, 1],
      ],
    );
    const zip = await readCsv({ text: "zip\n80331\n10115\n" }, { categories: ["zip"] });
    assert.equal(zip.columns.zip, Int32Array.of(1, 0));
    assert.equal(zip.categories.zip, ["10115", "80331"]);
  });

  test("empty cells: an error with its place, NaN, or a category; texts that stand for them", async () => {
    const text = "a,b\n1,x\n,\nNA,y\n";
    await rejects(() => readCsv({ text: "a,b\n1,2\n3,\n" }), "bad-file", /row 3, column "b" is empty.*NaN/);
    const read = await readCsv({ text }, { empty: "NaN", emptyTexts: ["NA"] });
    assert.equal([...(read.columns.a as Float64Array)].map(String), ["1", "NaN", "NaN"]);
    assert.equal(read.categories.b, ["", "x", "y"]);
    await rejects(() => readCsv({ text }, { empty: "NaN" }), "bad-file", /row 4, column "a" holds "NA".*emptyTexts/);
  });

  test("a first row of numbers is taken as names only where that is said", async () => {
    const text = "5.1,3.5,0\n4.9,3.0,1\n";
    await rejects(() => readCsv({ text }), "bad-file", /first row holds numbers.*header: false.*header: true/);
    assert.equal((await readCsv({ text }, { header: true })).names, ["5.1", "3.5", "0"]);
    assert.equal((await readCsv({ text }, { header: false })).x.shape, [2, 3]);
    assert.equal((await readCsv({ text: "5.1,x\n1,2\n" })).names, ["5.1", "x"]);
  });

  test("the target by its place, from the end where negative", async () => {
    const text = "5.1,3.5,0\n4.9,3.0,1\n";
    for (const target of [-1, 2]) {
      const { y, names } = await readCsv({ text }, { header: false, target });
      assert.equal(y, Float64Array.of(0, 1));
      assert.equal(names, ["column0", "column1"]);
    }
    assert.equal((await readCsv({ text }, { header: false, target: -3 })).y, Float64Array.of(5.1, 4.9));
    for (const target of [3, -4])
      await rejects(() => readCsv({ text }, { header: false, target }), "invalid-argument", /3 columns, from 0 to 2/);
    for (const target of [1.5, Number.NaN, true])
      await rejects(
        () => readCsv({ text }, { target: target as never }),
        "invalid-argument",
        /name of a column, its place/,
      );
  });

  test("numbers are those of every notation, exact; what is almost one is refused", async () => {
    const cells = ["-1.5", "+2", ".5", "7.", "1e-3", "1E5", " 4 ", "0.1", "9007199254740993"];
    const { columns } = await readCsv({ text: `a\n${cells.join("\n")}\n` });
    assert.equal(columns.a, Float64Array.from(cells, Number));
    for (const cell of ["1,5", "0x10", "1e999", "Infinity", "1_000", "5 %", "--1"])
      await rejects(() => readCsv({ text: `a\n1\n"${cell}"\n` }), "bad-file", /row 3, column "a" holds/);
    const long = `${"1".repeat(200_000)}x`; // read once, not from each of its digits
    await rejects(() => readCsv({ text: `a\n1\n${long}\n` }), "bad-file", /row 3, column "a" holds/);
  });

  test("refused: rows of other lengths, open quotes, nothing, names twice, unknown names, other bytes", async () => {
    await rejects(() => readCsv({ text: "a,b\n1,2\n3\n" }), "bad-file", /row 3 has 1 cells, the header has 2/);
    await rejects(() => readCsv({ text: "a,b\n1,2,3\n" }), "bad-file", /row 2 has 3 cells/);
    await rejects(() => readCsv({ text: 'a,b\n"1,2\n3,4\n' }), "bad-file", /row 2: Quoted field unterminated/);
    await rejects(() => readCsv({ text: 'a,b\n"1"x,2\n' }), "bad-file", /row 2: .*quote/);
    await rejects(() => readCsv({ text: "a,b\n" }), "empty-data", /no rows below a header/);
    await rejects(() => readCsv({ text: "" }), "empty-data", /no rows/);
    await rejects(() => readCsv({ text: "a,a\n1,2\n" }), "bad-file", /"a" twice.*header: false/);
    await rejects(
      () => readCsv({ text: iris }, { target: "kind" }),
      "invalid-argument",
      /target names "kind".*species/,
    );
    await rejects(() => readCsv({ text: iris }, { columns: ["w"] }), "invalid-argument", /columns names "w"/);
    await rejects(() => readCsv({ text: "a\n1\n" }, { target: "a" }), "invalid-argument", /target/);
    await rejects(() => readCsv(Uint8Array.of(97, 10, 0xff, 10)), "bad-file", /UTF-8/);
  });

  test("changed at random: read, or refused", async () => {
    await survives(ascii(iris), (bytes) => readCsv(bytes, { target: "species" }).catch((error) => {
      if (error.code !== "invalid-argument") throw error; // the target's name was changed
    })); // biome-ignore format: one
    const long = Array.from({ length: 3000 }, (_, i) => `${i},"${i % 7}, ""x""",${i / 3}`).join("\n");
    const { x, categories } = await readCsv({ text: `a,b,c\n${long}` });
    assert.equal(x.shape, [3000, 3]);
    assert.is(categories.b?.length, 7);
    assert.is(x.data[3 * 2999 + 2], 2999 / 3);
  });
});
