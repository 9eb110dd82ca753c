/// The items of a request as they are listed later: each with an id, messages in parts.

import MartletJSON

/// Makes the list of a stored response's input.
enum ListedItems {
    /// The items that a request's `input` stands for: a text is one message of the user.
    static func items(of input: JSONValue?) -> [JSONValue] {
        guard let items = input?.arrayValue else {
            return [item(["role": "user", "content": input ?? ""])]
        }
        return items.map(item(_:))
    }

    private static func item(_ value: JSONValue) -> JSONValue {
        guard var item = value.objectValue else { return value }
        let type = item["type"]?.stringValue ?? "message"
        item = item.setting("type", to: .string(type))
        if item["id"]?.stringValue == nil {
            item = item.setting("id", to: .string(prefix(type) + Identifier.random()))
        }
        if type != "reasoning", item["status"]?.stringValue == nil {
            item = item.setting("status", to: "completed")
        }
        if type == "message", let text = item["content"]?.stringValue {
            let isSaid = item["role"]?.stringValue == "assistant"
            item = item.setting("content", to: [isSaid ? said(text) : asked(text)])
        }
        return .object(item)
    }

    private static func asked(_ text: String) -> JSONValue {
        ["type": "input_text", "text": .string(text)]
    }

    private static func said(_ text: String) -> JSONValue {
        ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": []]
    }

    /// How ids of a kind of items begin.
    private static func prefix(_ type: String) -> String {
        switch type {
        case "message": "msg_"
        case "reasoning": "rs_"
        case "function_call": "fc_"
        case "function_call_output": "fco_"
        default: "item_"
        }
    }
}
