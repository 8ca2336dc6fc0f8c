import { expect, it } from "vitest";
import { percent, percents } from "./percent";

it("a share has as many digits as say something", () => {
  expect([0, 0.0001, 0.0021, 0.0081, 0.0132, 0.088, 0.0997, 0.611, 0.9931, 0.9971, 0.9998, 1].map((share) => percent(share))).toEqual([
    "0%", "<0.1%", "0.2%", "0.8%", "1.3%", "8.8%", "10%", "61%", "99%", "99.7%", ">99.9%", "100%",
  ]);
});

it("float32 sums of shares may exceed 1", () => {
  expect(percent(1.0000001)).toBe("100%");
});

it("a change may be longer than what it changes", () => {
  expect([1.27, 2].map((share) => percent(share))).toEqual(["127%", "200%"]);
});

it("two shares that differ look different, where a hundredth of a percent tells them apart", () => {
  expect(percents(0.61, 0.58)).toEqual(["61%", "58%"]);
  expect(percents(0.6121, 0.6142)).toEqual(["61.2%", "61.4%"]);
  expect(percents(0.994, 0.99)).toEqual(["99.4%", "99.0%"]);
  expect(percents(0.996, 0.99)).toEqual(["99.6%", "99.0%"]);
  expect(percents(0.096, 0.06)).toEqual(["9.6%", "6.0%"]);
  expect(percents(0.061, 0.61)).toEqual(["6.1%", "61%"]);
  expect(percents(0.0001, 0.01)).toEqual(["<0.1%", "1%"]);
  expect(percents(0, 0.015)).toEqual(["0%", "1.5%"]);
  expect(percents(0.0523, 0.0524)).toEqual(["5.23%", "5.24%"]);
  expect(percents(0.61201, 0.61202)).toEqual(["61%", "61%"]);
});
