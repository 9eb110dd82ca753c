/// Prompts of a workload as texts, for servers that are asked in words.

import MartletKernels

extension Workload {
    /// The text of a request's prompt: as many words as it has tokens, the same words for the same names of blocks. Most
    /// vocabularies of English have each of these words, with the space before it, as one token, so that the tokens of the
    /// text are about as many; a server's `usage` says how many they are.
    ///
    /// - Parameters:
    ///   - index: the request's place.
    ///   - seed: draws others.
    package func text(of index: Int, seed: UInt64) -> String {
        let words = Self.words
        return tokens(of: index, vocabulary: 0..<Int32(words.count), seed: seed)
            .reduce(into: "") { $0 += " " + words[Int($1)] }
    }

    private static let words =
        """
        the of and to in is was for that with on as are by this be from at his have an they which you were had not or \
        their it one all we can her has there been if more when will would who so no said what up its about into than \
        them only other new some could time these two may then do first any my now such like our over man me even most \
        made after also did many before must through back years where much your way well down should because each just \
        those people how too little state good very make world still own see men work long get here between both life \
        being under never day same another know while last might us great old year off come since against go came right \
        used take three states himself few house use during without again place around however home small found part \
        thought went say once general high upon school every does got united left number course war until always away \
        something fact though water less public put think almost hand enough far took head yet government system better \
        set told nothing night end why called find going look asked later point knew next city business group toward \
        young days let room word social possible order money power given door light second today best
        """.split(separator: " ").map(String.init)
}
