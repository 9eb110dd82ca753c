/// The sentences of ``HubError``: what, where, got, expected, what to do.

import MartletFormats

extension HubError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .badReference(let got, let expected):
            "\(quoted(got)) does not name a model of a hub, expected \(expected)"
        case .badSetting(let name, let got, let expected):
            "\(name) is \(got), expected \(expected): correct or remove it"
        case .repositoryNotFound(let repository, let endpoint, let hasToken):
            "\(excerpt(repository)) is not at \(excerpt(endpoint)), or is private: check the name, "
                + (hasToken
                    ? "or use a token that may read it"
                    : "or set HF_TOKEN to a token that may read it")
        case .revisionNotFound(let repository, let revision, let known):
            "\(excerpt(repository)) has no revision \(quoted(revision))\(list(known, "it has")): "
                + "check the branch, tag or commit"
        case .fileNotFound(let repository, let path, let near):
            "\(excerpt(repository)) has no file \(quoted(path))\(list(near, "it has")): check the name"
        case .gated(let repository, let page, let hasToken):
            "\(excerpt(repository)) is gated: accept its licence at \(excerpt(page)), then pull again "
                + (hasToken
                    ? "with a token of the account that accepted it"
                    : "with HF_TOKEN set to a token of that account")
        case .refused(let url, let status, let message):
            "\(excerpt(url)): the hub refuses with status \(status)"
                + (message.isEmpty ? "" : " (\(excerpt(message)))")
                + ": check that the token may read the repository"
        case .unreachable(let url, let reason):
            "\(excerpt(url)): \(excerpt(reason)): check the network and HF_ENDPOINT; what has arrived is "
                + "kept, and the next pull goes on from there"
        case .rateLimited(let url, let seconds):
            "\(excerpt(url)): the hub asks to wait \(seconds) s: pull again then, or set HF_TOKEN for "
                + "a higher limit"
        case .notAHub(let endpoint, let got):
            "\(excerpt(endpoint)) does not answer like a hub, got \(got), expected X-Repo-Commit and an "
                + "ETag: check HF_ENDPOINT"
        case .badAnswer(let url, let got, let expected):
            "\(excerpt(url)): the answer has \(got), expected \(expected): check HF_ENDPOINT, or pull again"
        case .wrongContent(let path, let got, let expected):
            "\(excerpt(path)): what arrived is \(got), expected \(expected), twice: it was deleted; pull "
                + "again later, or from another HF_ENDPOINT"
        case .diskFull(let path, let needed, let available):
            "\(printable(path)): \(needed) more bytes are needed and \(available) are free: make room, or "
                + "set HF_HUB_CACHE to another disk; what has arrived is kept"
        case .nothingChosen(let repository, let wanted, let available):
            "\(excerpt(repository)) has no file for \(excerpt(wanted))\(list(available, "it has")): "
                + (available.isEmpty ? "check the name, or pull without it" : "choose one of these")
        case .onlyPickles(let repository, let file):
            "\(excerpt(repository)) has its weights only as \(quoted(file)), a pickle, which runs code when "
                + "it is opened and is not read here: find a revision with safetensors or GGUF"
        case .ambiguous(let name, let choices):
            "\(excerpt(name)) may be \(choices.prefix(8).map(excerpt).joined(separator: " or ")): say which"
        case .offline(let name, let reason):
            "\(excerpt(name)): \(reason), and HF_HUB_OFFLINE is set: unset it to download"
        case .notPulled(let name, let available):
            "no model \(excerpt(name)) was pulled\(list(available, "there is")): run martlet pull "
                + "\(excerpt(name)), or give a directory"
        case .nothingToRemove(let name, let available):
            "nothing of \(excerpt(name)) is here\(list(available, "there is")): see martlet list"
        case .incomplete(let name, let missing):
            "\(excerpt(name)) was pulled in part, without its \(missing): run martlet pull "
                + "\(excerpt(name)), which goes on from what is here"
        case .busy(let name):
            "\(excerpt(name)) is being downloaded: wait for it, or end it"
        case .cancelled: "the download was cancelled: what has arrived is kept"
        case .file(let error): error.description
        }
    }

    /// What happened, without advice: for a note that the request is made again.
    package var reason: String {
        switch self {
        case .unreachable(let url, let reason): "\(excerpt(url)): \(excerpt(reason))"
        case .rateLimited(let url, let seconds):
            "\(excerpt(url)): the hub asks to wait \(seconds) s"
        default: description
        }
    }

    private func list(_ names: [String], _ verb: String) -> String {
        names.isEmpty
            ? ""
            : " (\(verb) \(names.prefix(8).map(excerpt).joined(separator: ", "))"
                + (names.count > 8 ? " and \(names.count - 8) more)" : ")")
    }
}
