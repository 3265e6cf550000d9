import { blank, bound, parseCount, parseLength, quoteOfOrder, remainder, toQuote,
  toRequest } from "/js/ticket/draft.js";
import { equal, test } from "./harness.js";

const network = { lot_gpus: 2, price_tick_micros: 100 };
const bid = { ...blank, side: "bid", gpuClass: "h100", gpus: "4", price: "2.40", length: "3" };
const offer = { ...blank, side: "offer", gpuClass: "h100", gpus: "8", price: "2.10", length: "12" };

test("a bid that says only what it must is asked for as such", () => {
  const { request, errors } = toRequest(bid, network);
  equal(errors, {});
  equal(request, { side: "bid", gpu_classes: ["h100"], gpus: 4, price_micros: 2_400_000n, duration_ms: 10_800_000 });
  equal(bound(request), 28_800_000n);
});

test("an offer that says everything is asked for with all of it", () => {
  const { request, errors } = toRequest({
    ...offer, start: 1000, minimumGpus: "2", minimumLength: "1", region: " eu-fr ", interconnect: "nvlink",
      watts: "700", carbon: "120",
    timeInForce: "gtt", expiry: 5000, postOnly: true,
  }, network);
  equal(errors, {});
  equal(request, {
    side: "offer", gpu_classes: ["h100"], gpus: 8, price_micros: 2_100_000n, duration_ms: 43_200_000, start_ms: 1000,
      minimum_gpus: 2,
    time_in_force: "gtt", expiry_ms: 5000, post_only: true,
    attributes: { region: "EU-FR", interconnect: "nvlink", watts_per_gpu: 700, gco2_per_kwh: 120 },
      minimum_ms: 3_600_000,
  });
});

test("a bid's demands become requirements", () => {
  const { request } = toRequest({
    ...bid, accepts: ["a100", "h100"], region: "eu, na-us", vramGiB: "80", trades: "5", failures: "2", split: true,
      end: 1e12, allOrNone: true,
  }, network);
  equal(request.gpu_classes, ["h100", "a100"]);
  equal(request.requirements,
    { regions: ["EU", "NA-US"], minimum_vram_mib: 81_920, minimum_settled_trades: 5, maximum_failure_percent: 2 });
  equal([request.split, request.all_or_none, request.end_ms], [true, true, 1e12]);
  equal(toQuote(request, false).price_micros, undefined);
  equal(toQuote(request).side, undefined);
});

test("what is wrong is said of its field", () => {
  const fields = (draft) => Object.keys(toRequest({ ...bid, ...draft }, network).errors);
  equal(fields({ gpus: "0" }), ["gpus"]);
  equal(fields({ gpus: "3" }), ["gpus"]);
  equal(fields({ gpus: "1.5" }), ["gpus"]);
  equal(fields({ price: "" }), ["price"]);
  equal(fields({ price: "2.10005" }), ["price"]);
  equal(fields({ length: "three" }), ["length"]);
  equal(fields({ start: 0, end: 1000 }), ["end"]);
  equal(fields({ timeInForce: "gtt" }), ["expiry"]);
  equal(fields({ failures: "101" }), ["failures"]);
  equal(fields({ minimumGpus: "x" }), ["minimumGpus"]);
});

test("counts and lengths are read strictly", () => {
  equal([parseCount("8"), parseCount(" 8 "), parseCount("-8"), parseCount("8e1"), parseCount("")],
    [8, 8, null, null, null]);
  equal([parseLength("1.5", 60_000), parseLength("0", 60_000), parseLength("1,5", 60_000)], [90_000, null, null]);
});

test("what is left of an order is worth its price for what can still be traded", () => {
  equal(remainder({ side: "bid", price_micros: 2_000_000, gpus_left: 2, duration_ms: 3_600_000 }), 4_000_000n);
  equal(remainder({ side: "offer", price_micros: 2_000_000, gpu_seconds_left: 7200 }), 4_000_000n);
});

test("an amended bid is priced with what is left of it", () => {
  const order = {
    side: "bid", gpu_classes: ["h100"], gpus: 8, gpus_left: 6, duration_ms: 1000, price_micros: 5, all_or_none: false,
      minimum_gpus: 2,
    start_ms: 0, end_ms: 9e12,
  };
  equal(quoteOfOrder(order, { gpus: 10, price_micros: 7n }), {
    gpu_classes: ["h100"], gpus: 8, duration_ms: 1000, end_ms: 9e12, minimum_gpus: 2, all_or_none: false,
      price_micros: 7n,
  });
});
