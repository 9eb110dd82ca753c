/// What is refused before it is computed, and told of where it is ignored.

import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct RefusalTests {
    private static let shared = Task {
        try await TestServer { $0.chatTemplate = TestServer.chatML }
    }

    private static func chat(_ members: String) throws -> JSONValue {
        try JSONValue.parse(
            Array(#"{"messages":[{"role":"user","content":"a"}],"max_tokens":60,\#(members)}"#.utf8)
        )
    }

    @Test(arguments: [
        (#""response_format":{"type":"json_object"}"#, "response_format"),
        (#""guided_regex":"a""#, "guided_regex"), (#""logit_bias":{"3":1}"#, "logit_bias"),
        (#""presence_penalty":1"#, "presence_penalty"),
        (#""repeat_penalty":1.5"#, "repeat_penalty"), (#""ignore_eos":true"#, "ignore_eos"),
    ])
    func searchesRefuseWhatTheyIgnore(member: String, name: String) async throws {
        let server = try await Self.shared.value
        let answer = await server.post(
            "/v1/chat/completions",
            try Self.chat(#"\#(member),"martlet":{"solve":{"width":1,"length":4}}"#))
        #expect(answer.status == 400)
        #expect(try answer.json()["error.param"].stringValue == name, "\(answer.text)")
    }

    @Test func searchesPinNoPrompt() async throws {
        let server = try await Self.shared.value
        let answer = await server.post(
            "/v1/chat/completions",
            try Self.chat(#""martlet":{"pin":true,"solve":{"width":1,"length":4}}"#))
        #expect(answer.status == 400)
        #expect(try answer.json()["error.param"].stringValue == "martlet.pin", "\(answer.text)")
    }

    /// Chains are drawn as the request says: where only the likeliest token can be, all are the same.
    @Test func searchesDrawAsTheyAreAsked() async throws {
        let server = try await TestServer("builtin")
        func answers(_ member: String) async throws -> Set<Substring> {
            let answer = await server.post(
                "/v1/chat/completions",
                try Self.chat(#"\#(member)"martlet":{"solve":{"width":6,"length":24}}"#))
            #expect(answer.status == 200, "\(answer.text)")
            let told = try answer.json()["choices.0.message.reasoning"].stringValue ?? ""
            return Set(
                told.split(separator: "\n").filter { $0.hasPrefix("Chain ") }.map {
                    $0.drop { $0 != ":" }
                })
        }
        for member in [
            #""temperature":0,"#, #""top_k":1,"#, #""top_p":0.000001,"#, #""min_p":1,"#,
        ] {
            #expect(try await answers(member).count == 1, "\(member)")
        }
        #expect(try await answers(#""temperature":5,"#).count > 1)
    }

    @Test func searchesAreNoLongerThanTheirAnswers() async throws {
        let server = try await TestServer("builtin")
        let answer = await server.post(
            "/v1/chat/completions",
            try Self.chat(#""martlet":{"deadline":600,"solve":{"width":2,"length":64}}"#))
        #expect(answer.status == 200)
        let told = try answer.json()["choices.0.message.reasoning"].stringValue ?? ""
        #expect(told.contains("2 chains of at most 60 tokens"), "\(answer.text)")
    }

    @Test func twoFormsAreRefused() async throws {
        let server = try await Self.shared.value
        let answer = await server.post(
            "/v1/chat/completions",
            try Self.chat(
                #""grammar":"root ::= \"a\"","response_format":{"type":"json_object"}"#))
        #expect(answer.status == 400)
        #expect(try answer.json()["error.param"] == "response_format")
        let text = await server.post(
            "/v1/chat/completions",
            try Self.chat(#""guided_choice":["a"],"response_format":{"type":"text"}"#))
        #expect(text.status == 200)
    }

    @Test(arguments: ["guided_json", "json_schema"])
    func anEmptySchemaIsOne(field: String) async throws {
        let server = try await Self.shared.value
        let answer = await server.post(
            "/v1/chat/completions", try Self.chat(#""\#(field)":{},"grammar":"root ::= \"a\"""#))
        #expect(answer.status == 400)
        // Alone it allows anything in JSON, and text that is none is not said.
        let alone = await server.post("/v1/chat/completions", try Self.chat(#""\#(field)":{}"#))
        #expect(alone.status == 200, "\(alone.text)")
    }

    @Test func strictToolsThatAreNotEnforcedAreToldOf() async throws {
        let server = try await TestServer("builtin") {
            $0.chatTemplate = "{# <tool_call> #}{% for m in messages %}{{ m.content }}{% endfor %}"
        }
        let tools =
            #""tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","additionalProperties":false}}}]"#
        let free = await server.post("/v1/chat/completions", try Self.chat(tools))
        #expect(free.headers["martlet-ignored"] == "tools.0.function.strict", "\(free.text)")
        let forced = await server.post(
            "/v1/chat/completions",
            try Self.chat(tools + #","tool_choice":"required""#))
        #expect(forced.status == 200, "\(forced.text)")
        #expect(forced.headers["martlet-ignored"] == nil)
    }

    @Test(arguments: ["/v1/completions", "/completion"])
    func streamsOpenWhenTheRequestIsGood(path: String) async throws {
        let server = try await Self.shared.value
        let body: JSONValue = [
            "prompt": ["a", "b"], "max_tokens": 2, "stream": true,
            "martlet": ["adapter": "nowhere"],
        ]
        let refused = await server.post(path, body)
        #expect((400..<500).contains(refused.status ?? 0), "\(refused.text)")
        let good = await server.post(
            path, ["prompt": ["a", "b"], "max_tokens": 2, "stream": true, "n": 2])
        #expect(good.status == 200)
        #expect(try good.events().count >= 4)
    }

    @Test(arguments: ["/v1/completions", "/completion"])
    func answersOfOneRequestHaveAnEnd(path: String) async throws {
        let server = try await Self.shared.value
        let prompts = [JSONValue](repeating: "a", count: 9)
        let answer = await server.post(
            path, ["prompt": .array(prompts), "max_tokens": 1, "n": 128])
        #expect(answer.status == 400)
        #expect(answer.text.contains("128 answers to each of 9 prompts"), "\(answer.text)")
    }

    @Test func theOldestItemsAreDroppedUntilTheRestFits() async throws {
        let server = try await TestServer {
            $0.chatTemplate = TestServer.chatML
            $0.contextLength = 400
        }
        let items = (0..<60).map { number -> JSONValue in
            [
                "role": .string(number % 2 == 0 ? "user" : "assistant"),
                "content": .string("message \(number)"),
            ]
        }
        func used(_ items: [JSONValue]) async throws -> JSONValue {
            try await server.post(
                "/v1/responses",
                [
                    "input": .array(items), "instructions": "Be brief.", "max_output_tokens": 1,
                    "truncation": "auto",
                ]
            ).json()["usage.input_tokens"]
        }
        let cut = try #require(try await used(items).intValue)
        // One message more would not have fitted.
        #expect(cut < 400)
        var fitting = 0
        for count in 1...20 {
            if let tokens = try await used(Array(items.suffix(count))).intValue, tokens < 400 {
                fitting = max(fitting, tokens)
            }
        }
        #expect(cut == fitting)
    }

    @Test func aFormThatIsKeptIsNotCalledIgnored() async throws {
        let server = try await Self.shared.value
        let answer = await server.post(
            "/v1/messages",
            try Self.chat(
                #""output_config":{"effort":"low","format":{"type":"json_schema","schema":{"enum":[1]}}}"#
            ))
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.headers["martlet-ignored"] == nil)
    }

    /// A token that is a part of a character is told by its own bytes.
    @Test func partsOfCharactersAreToldByTheirBytes() async throws {
        let server = try await TestServer("builtin")
        let prompt = "a\u{1F985}é"
        let answer = try await server.post(
            "/v1/completions",
            ["prompt": .string(prompt), "max_tokens": 0, "echo": true, "logprobs": 1]
        ).json()
        let tokens = answer["choices.0.logprobs.content"].arrayValue ?? []
        let bytes = tokens.flatMap { token in
            (token["bytes"].arrayValue ?? []).compactMap { $0.intValue.map(UInt8.init) }
        }
        #expect(tokens.contains { $0["token"].stringValue?.contains("\u{FFFD}") == true })
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(prompt))
    }

    /// What other servers do with a field and this one does not is told.
    @Test func whatChangesNothingIsListed() async throws {
        let server = try await Self.shared.value
        for (path, body, ignored) in [
            (
                "/api/chat",
                #"{"messages":[{"role":"user","content":"a"}],"stream":false,"keep_alive":5,"options":{"num_ctx":64,"num_predict":1}}"#,
                "keep_alive, options.num_ctx"
            ),
            ("/completion", #"{"prompt":"a","n_predict":1,"id_slot":1}"#, "id_slot"),
            (
                "/v1/responses",
                #"{"input":"a","max_output_tokens":1,"text":{"verbosity":"low"}}"#, "text.verbosity"
            ),
        ] {
            let answer = await server.post(path, try JSONValue.parse(Array(body.utf8)))
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.headers["martlet-ignored"] == ignored)
        }
    }
}
