//! What a model wants to read before a text. Models that were trained with prompts find less without them.
//!
//! A change here makes other vectors of the same texts: raise `protocol::PROMPTS` with it.

use crate::protocol::For;

/// A family of models.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prompts {
    /// What it is called in the hello.
    pub(crate) name: &'static str,
    /// Comes before a query.
    query: &'static str,
    /// Comes before a document.
    document: &'static str,
    /// What tells the family.
    told: Told,
}

#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// By llama.cpp's name of the architecture.
    Architecture(&'static str),
    /// By these words in the model's name, in any order, each between characters that are no letters or digits.
    Words(&'static [&'static str]),
    /// By nothing.
    Default,
}

/// The instruction that the makers of Qwen3-Embedding and of E5-instruct use for search.
const INSTRUCT: &str =
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ";
const REPRESENT: &str = "Represent this sentence for searching relevant passages: ";

/// The first that fits counts. Sources are the model cards of the names given; "prompts" is the file
/// config_sentence_transformers.json beside the card.
const FAMILIES: [Prompts; 11] = [
    // google/embeddinggemma-300m, "Prompt Instructions": retrieval (query) and (document); also in "prompts".
    Prompts {
        name: "embeddinggemma",
        query: "task: search result | query: ",
        document: "title: none | text: ",
        told: Told::Architecture("gemma-embedding"),
    },
    Prompts {
        name: "embeddinggemma",
        query: "task: search result | query: ",
        document: "title: none | text: ",
        told: Told::Words(&["embeddinggemma"]),
    },
    // Qwen/Qwen3-Embedding-0.6B, "prompts": no space behind `Query:`, unlike E5; documents stay as they are.
    Prompts {
        name: "qwen3-embedding",
        query: "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
        document: "",
        told: Told::Words(&["qwen3", "embedding"]),
    },
    // nomic-ai/nomic-embed-code: another prompt than its sisters, for queries only.
    Prompts {
        name: "nomic-embed-code",
        query: "Represent this query for searching relevant code: ",
        document: "",
        told: Told::Words(&["nomic", "embed", "code"]),
    },
    // nomic-ai/nomic-embed-text-v1.5 and -v2-moe, "Task instruction prefixes".
    Prompts {
        name: "nomic-embed",
        query: "search_query: ",
        document: "search_document: ",
        told: Told::Words(&["nomic", "embed"]),
    },
    // intfloat/multilingual-e5-large-instruct and e5-mistral-7b-instruct: "Each query must come with a one-sentence
    // instruction"; "no need to add instruction for retrieval documents".
    Prompts { name: "e5-instruct", query: INSTRUCT, document: "", told: Told::Words(&["e5", "instruct"]) },
    // intfloat/e5-base-v2, multilingual-e5-small: "Each input text should start with".
    Prompts { name: "e5", query: "query: ", document: "passage: ", told: Told::Words(&["e5"]) },
    // Snowflake/snowflake-arctic-embed-l-v2.0: "query_prefix".
    Prompts {
        name: "arctic-embed-2",
        query: "query: ",
        document: "",
        told: Told::Words(&["arctic", "embed", "v2"]),
    },
    // Snowflake/snowflake-arctic-embed-m: "use the query prefix (just on the query)".
    Prompts { name: "arctic-embed", query: REPRESENT, document: "", told: Told::Words(&["arctic", "embed"]) },
    // mixedbread-ai/mxbai-embed-large-v1: "For retrieval you need to pass this prompt" with the query.
    Prompts { name: "mxbai-embed", query: REPRESENT, document: "", told: Told::Words(&["mxbai", "embed"]) },
    // all-MiniLM-L6-v2, bge-m3, gte, granite-embedding, jina-embeddings-v2: none. bge-*-en-v1.5: the prompt became
    // optional with 1.5, and whether it helps depends on the question.
    Prompts { name: "none", query: "", document: "", told: Told::Default },
];

impl Prompts {
    /// Those of a model, by its architecture and its names for itself.
    pub(crate) fn of(architecture: &str, names: &[&str]) -> &'static Self {
        let words: Vec<String> = names.iter().flat_map(|name| words_of(name)).collect();
        let fits = |family: &&Prompts| match family.told {
            Told::Architecture(known) => known == architecture,
            Told::Words(wanted) => wanted.iter().all(|word| words.iter().any(|found| found == word)),
            Told::Default => true,
        };
        // The last one fits everything.
        FAMILIES.iter().find(fits).unwrap_or(&FAMILIES[FAMILIES.len() - 1])
    }

    /// The text as the model wants it.
    pub(crate) fn apply(&self, purpose: For, text: &str) -> String {
        let before = match purpose {
            For::Query => self.query,
            For::Document => self.document,
        };
        format!("{before}{text}")
    }
}

fn words_of(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::Prompts;
    use crate::protocol::For;

    #[test]
    fn every_family_is_told_by_the_names_its_files_have() {
        let table = [
            (
                "gemma-embedding",
                "Embeddinggemma 300M",
                "task: search result | query: x",
                "title: none | text: x",
            ),
            ("gemma3", "embeddinggemma-300M-Q8_0", "task: search result | query: x", "title: none | text: x"),
            ("nomic-bert", "nomic-embed-text-v1.5.Q8_0", "search_query: x", "search_document: x"),
            ("nomic-bert-moe", "nomic-embed-text-v2-moe", "search_query: x", "search_document: x"),
            ("bert", "multilingual-e5-small-Q8_0", "query: x", "passage: x"),
            ("bert", "E5 Base v2", "query: x", "passage: x"),
            ("bert", "snowflake-arctic-embed-l-v2.0-q8_0", "query: x", "x"),
            (
                "bert",
                "snowflake-arctic-embed-m",
                "Represent this sentence for searching relevant passages: x",
                "x",
            ),
            ("bert", "all-MiniLM-L6-v2", "x", "x"),
            ("bert", "bge-m3", "x", "x"),
            ("bert", "model-e51", "x", "x"),
            ("qwen3", "Qwen3-8B", "x", "x"),
        ];
        for (architecture, name, query, document) in table {
            let prompts = Prompts::of(architecture, &[name]);
            assert_eq!(prompts.apply(For::Query, "x"), query, "{name}");
            assert_eq!(prompts.apply(For::Document, "x"), document, "{name}");
        }
    }

    #[test]
    fn instructions_stand_on_a_line_of_their_own() {
        for (name, end) in
            [("Qwen3 Embedding 0.6B", "\nQuery:x"), ("multilingual-e5-large-instruct", "\nQuery: x")]
        {
            let prompts = Prompts::of("qwen3", &["x", name]);
            let query = prompts.apply(For::Query, "x");
            assert!(
                query.starts_with("Instruct: Given a web search query") && query.ends_with(end),
                "{query}"
            );
            assert_eq!(prompts.apply(For::Document, "x"), "x");
        }
    }
}
