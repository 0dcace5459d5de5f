//! Tells the program which instructions llama.cpp was compiled for.
//!
//! Without `target-cpu` ggml turns all of these on for x86-64 unless the environment says otherwise, and the same
//! environment is read here. The program looks before it calls llama.cpp: a refusal in words instead of an illegal
//! instruction.

/// ggml's options, and what Rust calls the instructions.
const OPTIONS: [(&str, &str); 6] = [
    ("GGML_SSE42", "sse4.2"),
    ("GGML_AVX", "avx"),
    ("GGML_AVX2", "avx2"),
    ("GGML_FMA", "fma"),
    ("GGML_F16C", "f16c"),
    ("GGML_BMI2", "bmi2"),
];

fn main() {
    let is_x86_64 = std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64");
    let mut needed = Vec::new();
    for (option, instructions) in OPTIONS {
        println!("cargo:rerun-if-env-changed={option}");
        let is_off = std::env::var(option).is_ok_and(|value| matches!(value.as_str(), "OFF" | "0"));
        if is_x86_64 && !is_off {
            needed.push(instructions);
        }
    }
    println!("cargo:rustc-env=OPENCLAW_LOCAL_INSTRUCTIONS={}", needed.join(","));
}
