/// How tokens are chosen, from the names that APIs have for it.

import Martlet
import MartletEngine
import MartletJSON

extension ServedModel {
    /// Options for an answer where a request says nothing: the server's, else what the model's files advise.
    func usualOptions(_ configuration: ServerConfiguration) -> GenerationOptions {
        var options = model?.advisedOptions ?? GenerationOptions()
        if let temperature = configuration.temperature { options.temperature = temperature }
        options.seed = configuration.seed ?? GenerationOptions.drawSeed()
        return options
    }

    /// Reads the fields that APIs share, at the top of a request or in an object of options.
    ///
    /// - Parameter stops: the names that the API has for the texts that end an answer.
    func read(
        sampling fields: Fields, stops: [String] = ["stop"], into options: inout GenerationOptions
    ) throws(WireError) {
        if let value = try fields.number("temperature", in: 0...100) {
            options.temperature = Float(value)
        }
        if let value = try fields.number("top_p", in: 0...1) { options.topP = Float(value) }
        if let value = try fields.integer("top_k", in: -1...Int(Int32.max)) {
            options.topK = max(0, value)
        }
        if let value = try fields.number("min_p", in: 0...1) { options.minP = Float(value) }
        let repetition = try fields.agreed(["repetition_penalty", "repeat_penalty"]) {
            (key) throws(WireError) in try fields.number(key, in: 0.000_001...1000)
        }
        if let repetition { options.repetitionPenalty = Float(repetition) }
        if let value = try fields.number("presence_penalty", in: -1000...1000) {
            options.presencePenalty = Float(value)
        }
        if let value = try fields.number("frequency_penalty", in: -1000...1000) {
            options.frequencyPenalty = Float(value)
        }
        // Beyond 63 bits a seed comes as a text; below zero it asks for any.
        if let text = fields["seed"]?.stringValue, let seed = UInt64(text) {
            options.seed = seed
        } else if let seed = try fields.integer("seed", in: -(1 << 62)...Int.max), seed >= 0 {
            options.seed = UInt64(seed)
        }
        let stop = try fields.agreed(stops) { (key) throws(WireError) in
            try stopTexts(fields, key)
        }
        if let stop { options.stop = stop }
        if let ids = fields["stop_token_ids"] {
            guard let elements = ids.arrayValue else {
                throw fields.wrong("stop_token_ids", ids, "an array of token ids")
            }
            options.stopTokens = try elements.enumerated().map { (index, id) throws(WireError) in
                let count = model?.shape.vocabularySize ?? Int(Int32.max)
                guard let number = id.intValue, (0..<count).contains(number) else {
                    throw .field(
                        fields.path("stop_token_ids.\(index)"), got: id.summary,
                        expected: "a token id, 0 to \(count - 1)")
                }
                return .id(Int32(number))
            }
        }
        if let ignores = try fields.flag("ignore_eos") { options.ignoresEndTokens = ignores }
        if let bias = fields["logit_bias"] {
            try read(bias: bias, at: fields.path("logit_bias"), into: &options)
        }
    }

    /// The texts that end an answer.
    private func stopTexts(_ fields: Fields, _ key: String) throws(WireError) -> [String]? {
        guard let texts = try fields.strings(key) else { return nil }
        for (index, text) in texts.enumerated() where text.isEmpty {
            let isList = fields[key]?.arrayValue != nil
            throw .field(
                fields.path(isList ? "\(key).\(index)" : key), got: "an empty text",
                expected: "at least one character")
        }
        guard texts.count <= 64 else {
            throw .field(fields.path(key), got: "\(texts.count) texts", expected: "at most 64")
        }
        return texts
    }

    /// `{"id": bias}`, as OpenAI has it, or llama.cpp's `[[id or text, bias or false], …]`.
    private func read(
        bias value: JSONValue, at path: String, into options: inout GenerationOptions
    ) throws(WireError) {
        var pairs: [(place: String, key: JSONValue, bias: JSONValue)] = []
        if let object = value.objectValue {
            pairs = object.members.map { ("\(path).\($0.key)", .string($0.key), $0.value) }
        } else if let list = value.arrayValue {
            for (index, element) in list.enumerated() {
                guard let pair = element.arrayValue, pair.count == 2 else {
                    throw .field(
                        "\(path).\(index)", got: element.summary,
                        expected: "a pair of a token and a number")
                }
                pairs.append(("\(path).\(index)", pair[0], pair[1]))
            }
        } else {
            throw .field(path, got: value.summary, expected: "an object of numbers by token id")
        }
        let count = model?.shape.vocabularySize ?? 0
        for (place, key, bias) in pairs {
            let number: Float
            if bias.boolValue == false {
                number = -.infinity
            } else if let value = bias.doubleValue {
                number = Float(value)
            } else {
                throw .field(place, got: bias.summary, expected: "a number, or false")
            }
            var ids: [Int32] = []
            if let id = key.intValue ?? key.stringValue.flatMap({ Int($0) }) {
                guard (0..<count).contains(id) else {
                    throw .field(place, got: "\(id)", expected: "a token id, 0 to \(count - 1)")
                }
                ids = [Int32(id)]
            } else if let text = key.stringValue {
                ids = try plainTokens(text)
            } else {
                throw .field(place, got: key.summary, expected: "a token id or a text")
            }
            for id in ids { options.logitBias[id] = number }
        }
    }
}
