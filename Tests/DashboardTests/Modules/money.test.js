import { decimalsOf, formatMicros, micros, parseMicros, roundMicros, total } from "/js/lib/money.js";
import { decode, encode } from "/js/lib/json.js";
import { equal, generator, holds, test } from "./harness.js";

test("an amount is shown exactly, with two decimals at least", () => {
  const cases = [
    [0, "0.00"], [2_100_000, "2.10"], [1, "0.000001"], [123_456_789_012, "123,456.789012"], [-1_500_000, "−1.50"],
    [999_999, "0.999999"], ["9007199254740993000000", "9,007,199,254,740,993.00"], [1_000_000_000n, "1,000.00"],
  ];
  for (const [value, text] of cases) equal(formatMicros(value), text, String(value));
});

test("a comma separates thousands only", () => {
  for (const text of ["2,10", "1,00", "1,0000", ",100", "1,", "1,000,00", "0,5"]) equal(parseMicros(text), null, text);
  equal(parseMicros("1,000.5"), 1_000_500_000n);
  equal(parseMicros(" 12,345,678 "), 12_345_678_000_000n);
});

test("an amount that was shown is read back as the same", () => {
  const random = generator(1);
  for (let round = 0; round < 2000; round += 1) {
    const value = BigInt(Math.floor(random() * 2 ** 40)) * BigInt(1 + Math.floor(random() * 50));
    equal(parseMicros(formatMicros(value)), value, String(value));
  }
});

test("what is no amount is not read", () => {
  for (const text of ["", " ", "-1", "1.", ".5", "1e3", "2.1234567", "1 000", "NaN", "0x10", "١", "12345678901234"]) {
    equal(parseMicros(text), null, text);
  }
});

test("rounding goes to the nearest, halves away from zero", () => {
  equal(roundMicros(1_865_066, 4), "1.8651");
  equal(roundMicros(1_864_949, 4), "1.8649");
  equal(roundMicros(5_000, 2), "0.01");
  equal(roundMicros(-5_000, 2), "−0.01");
  equal(roundMicros(4_999, 2), "0.00");
});

test("a price has as many decimals as the tick", () => {
  equal([1_000_000, 10_000, 1000, 100, 10, 1, 500, 25].map(decimalsOf), [2, 2, 3, 4, 5, 6, 4, 6]);
});

test("a total is rounded up to a micro-unit, like the protocol's", () => {
  equal(total(2_100_000, 4, 3 * 3_600_000), 25_200_000n);
  equal(total(1, 1, 1000), 1n);
  equal(total(346_300, 8, 14_808_000), 11_395_579n);
  equal(total(0, 8, 1000), 0n);
  const random = generator(2);
  for (let round = 0; round < 500; round += 1) {
    const [price, gpus, seconds] = [1 + Math.floor(random() * 1e9), 1 + Math.floor(random() * 4096), 1
      + Math.floor(random() * 1e6)];
    const cost = total(price, gpus, seconds * 1000);
    const exact = BigInt(price) * BigInt(gpus) * BigInt(seconds);
    holds(cost * 3600n >= exact && (cost - 1n) * 3600n < exact, `${price} ${gpus} ${seconds}`);
  }
});

test("an amount that a double cannot hold survives JSON in both directions", () => {
  const text = '{"total_micros":9007199254740993123,'
    + '"text":"\\"x_micros\\":1234567890123456789","time_ms":1795662760000}';
  const document = decode(text);
  equal(micros(document.total_micros), 9_007_199_254_740_993_123n);
  equal(document.text, '"x_micros":1234567890123456789');
  equal(document.time_ms, 1_795_662_760_000);
  equal(encode({ price_micros: 9_007_199_254_740_993_123n, text: '"x_micros":"1"' }),
    '{"price_micros":9007199254740993123,"text":"\\"x_micros\\":\\"1\\""}');
});
