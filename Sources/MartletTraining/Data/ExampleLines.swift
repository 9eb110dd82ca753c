// Files of examples: a JSON object on each line.

import Foundation
import MartletFormats

/// What a line of a file of examples has wrong.
struct ExampleFault: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// Files with a JSON object on each line; empty lines count for nothing.
enum ExampleLines {
    /// The examples of a file, line by line.
    ///
    /// - Parameter make: the examples of one line.
    static func read(
        _ path: String, _ make: (JSONObject) throws -> [TrainingExample]
    ) throws(TrainingError) -> [[TrainingExample]] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .data(
                source: path, reason: "there is no readable file; check the path in the recipe")
        }
        return try read([UInt8](data), name: path, make)
    }

    /// The examples of a file's bytes.
    static func read(
        _ bytes: [UInt8], name: String, _ make: (JSONObject) throws -> [TrainingExample]
    ) throws(TrainingError) -> [[TrainingExample]] {
        var examples: [[TrainingExample]] = []
        for (number, line) in bytes.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() where !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
            do {
                guard let object = try JSONValue.parse(Array(line)).objectValue else {
                    throw ExampleFault("got another value, expected a JSON object")
                }
                let made = try make(object)
                if !made.isEmpty { examples.append(made) }
            } catch let fault as ExampleFault {
                throw .data(source: "\(name), line \(number + 1)", reason: fault.reason)
            } catch {
                throw .data(source: "\(name), line \(number + 1)", reason: "\(error)")
            }
        }
        return examples
    }
}

/// Prompts with what should follow them, as a model's own answers are.
enum AnswerExamples {
    /// Examples of a file: `prompt` with `completion`, or with `chains` that have a `text`, as the results of
    /// `martlet evaluate --samples-file` have them. The line that begins such results is none, and neither is a problem
    /// that the model could not be asked. Answers to messages are refused: the results do not say how they were asked.
    static func read(
        _ path: String, _ tokenizer: ModelTokenizer, promptWeight: Float
    ) throws(TrainingError) -> [[TrainingExample]] {
        try ExampleLines.read(path) { try examples($0, tokenizer, promptWeight: promptWeight) }
    }

    static func examples(
        _ line: JSONObject, _ tokenizer: ModelTokenizer, promptWeight: Float
    ) throws(ExampleFault) -> [TrainingExample] {
        if line["martlet"] != nil && line["run"] != nil {
            guard line["chat"]?.boolValue != true else {
                throw ExampleFault(
                    "got answers to messages (evaluate --chat), expected answers to texts; make conversations of them, "
                        + "for messages")
            }
            return []
        }
        if line["refusal"] != nil { return [] }
        guard let prompt = line["prompt"]?.stringValue else {
            throw ExampleFault("prompt: got no text, expected the prompt's")
        }
        let chains = line["chains"]?.arrayValue?.map(\.objectValue) ?? []
        let answers =
            line["completion"].map { [$0.stringValue] } ?? chains.map { $0?["text"]?.stringValue }
        let texts = answers.compactMap(\.self)
        guard texts.count == answers.count, !texts.isEmpty else {
            throw ExampleFault(
                "got no answer, expected a text as completion, or chains that each have a text")
        }
        let asked = tokenizer.tokenizer.promptTokens(prompt)
        return texts.enumerated().map { place, text in
            // What was cut off has no end to learn.
            let reason =
                line["completion"] == nil ? chains[place]?["finishReason"]?.stringValue : nil
            let isWhole = reason == nil || reason == "stop"
            let answer =
                tokenizer.tokenizer.continuation(text, of: prompt, asked)
                + (isWhole ? [tokenizer.endToken] : [])
            return TrainingExample(
                tokens: asked + answer,
                weights: asked.map { _ in promptWeight } + answer.map { _ in 1 })
        }
    }
}
