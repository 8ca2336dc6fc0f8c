import { expect, test } from "vitest";
import { parseModel } from "../core/model-ref";
import { calledInFull, calledOf } from "./models";

const at = (address: string) => parseModel(address, "https://post.example/");

test("a model at an address is called by its last part, as its author wrote it", () => {
  expect(calledOf(at("https://host.example/models/my%20small%20model/"))).toBe("my small model");
  expect(calledOf(at("https://host.example/mod%C3%A8le"))).toBe("modèle");
  expect(calledOf(at("https://host.example/modèle"))).toBe("modèle");
  expect(calledInFull(at("https://host.example/my%20model"))).toBe("my model (https://host.example/my%20model)");
});

test("what cannot be read stays as it is: no text, what would turn the sentence around it, and what would look like a model of the Hub", () => {
  for (const part of ["100%", "%E8", "a%E2%80%AEb", "a%0Ab", "openai-community%2Fgpt2", "openai-community%5Cgpt2"]) expect(calledOf(at(`https://host.example/${part}`))).toBe(part);
});
