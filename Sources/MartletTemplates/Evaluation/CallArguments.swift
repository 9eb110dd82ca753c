/// The values that a call is given.

/// Positional and named values of a call.
struct CallArguments {
    var positional: [TemplateValue] = []
    var named: [(name: String, value: TemplateValue)] = []

    init(_ positional: [TemplateValue] = []) { self.positional = positional }

    /// The values of parameters in their order; nil for those that are not given.
    ///
    /// - Throws: a fault when something is given that is no parameter, or a required one is missing.
    func bound(
        _ function: String, _ parameters: [String], required: Int = 0
    ) throws(TemplateFault) -> [TemplateValue?] {
        guard positional.count <= parameters.count else {
            throw TemplateFault(
                .type,
                "\(function)() takes at most \(parameters.count) arguments (\(positional.count) given)"
            )
        }
        var values: [TemplateValue?] = positional.map { $0 }
        values += [TemplateValue?](repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let place = parameters.firstIndex(of: name), values[place] == nil else {
                throw TemplateFault(
                    .type, "\(function)() got an unexpected keyword argument '\(name)'")
            }
            values[place] = value
        }
        for place in 0..<required where values[place] == nil {
            throw TemplateFault(
                .type, "\(function)() missing required argument '\(parameters[place])'")
        }
        return values
    }
}
