//! Phrases: English, German and Dutch.

use super::table::{Finding, Forgetting, Noting, Phrases, Talk};

pub(super) static ENGLISH: Phrases = Phrases {
    talk: Talk {
        hello: "Hello.",
        what_it_is: "I am offline/recall, the offline model built into OpenClaw. I am not a language model: I cannot chat, reason or write. I work with the memory files in your workspace:\n\n- say \"remember that …\" and I write it into today's file;\n- ask a question and I quote the lines of your notes that fit best, with their place;\n- say \"what did I note about …\" or \"how many notes about …\" for a list;\n- say \"forget …\" and I show the lines and ask before I remove them.",
        configure: "To talk to a language model, set OPENAI_API_KEY before starting the gateway, or add a server under models.providers in openclaw.json and name its model in agents.defaults.model.primary. See docs/models.md.",
        welcome: "You are welcome. Ask me about your notes at any time.",
        no_words: "There is nothing in that I could look up in your notes. Ask about something by name, or say \"remember that …\". Say \"help\" to see what I am.",
        hint: "(offline/recall, the built-in offline model: it quotes your notes. To use a language model, set OPENAI_API_KEY or models.providers in openclaw.json; see docs/models.md.)",
    },
    noting: Noting {
        what: "What should I note? Say it in one message, for example: remember that the spare key is with Anna.",
        noted: "Noted in {}: {}",
        failed: "I could not write {}: {}. Nothing was noted; correct the cause and say it again.",
    },
    finding: Finding {
        from_notes: "From your notes:",
        closest: "I did not find a clear answer. The closest in your notes:",
        from_talks: "From an earlier conversation:",
        closest_talks: "I did not find a clear answer. The closest in earlier conversations:",
        nothing: "I found nothing about \"{}\" in your notes{}. Try other words, or tell me with \"remember that …\".",
        failed: "Searching your notes failed: {}. Run `openclaw memory status` to see what is wrong.",
        missing_tool: "I cannot do this: the tool \"{}\" is not available in this session. Check the tools section of openclaw.json.",
        gave_up: "I stopped after several tool calls without getting further. Ask again in other words.",
        count: "Lines found in your notes: {}; files: {}.",
        part: "Lines shown: {}. There may be more; ask about something narrower.",
    },
    forgetting: Forgetting {
        ask: "Shall I remove these lines from your notes?",
        confirm: "Answer \"yes\" and exactly these lines go; anything else keeps them.",
        which: "Which notes? Say it in one message, for example: forget the garage code.",
        kept: "Nothing was removed.",
        removed: "Removed from your notes:",
        back: "They still stand in this conversation. To have one back, say \"remember that …\".",
        changed: "Left as it is, because the file has changed since:",
        anew: "The notes have changed since, so nothing was removed. This is how they read now.",
        failed: "Left as it is ({}):",
    },
};

pub(super) static GERMAN: Phrases = Phrases {
    talk: Talk {
        hello: "Hallo.",
        what_it_is: "Ich bin offline/recall, das in OpenClaw eingebaute Offline-Modell. Ich bin kein Sprachmodell: Ich kann nicht plaudern, folgern oder schreiben. Ich arbeite mit den Notizen in deinem Workspace:\n\n- sag „merk dir, dass …“, und ich schreibe es in die Datei von heute;\n- stell eine Frage, und ich zitiere die Zeilen deiner Notizen, die am besten passen, mit ihrer Stelle;\n- sag „was habe ich über … notiert“ oder „wie viele Notizen über …“ für eine Liste;\n- sag „vergiss …“, und ich zeige die Zeilen und frage, bevor ich sie entferne.",
        configure: "Für ein Sprachmodell setze OPENAI_API_KEY vor dem Start des Gateways, oder trage in openclaw.json unter models.providers einen Server ein und nenne sein Modell in agents.defaults.model.primary. Siehe docs/models.md.",
        welcome: "Gern geschehen. Frag mich jederzeit nach deinen Notizen.",
        no_words: "Darin ist nichts, was ich in deinen Notizen nachschlagen könnte. Frag nach etwas Bestimmtem, oder sag „merk dir, dass …“. Sag „Hilfe“, um zu sehen, was ich bin.",
        hint: "(offline/recall, das eingebaute Offline-Modell: Es zitiert deine Notizen. Für ein Sprachmodell setze OPENAI_API_KEY oder models.providers in openclaw.json; siehe docs/models.md.)",
    },
    noting: Noting {
        what: "Was soll ich notieren? Sag es in einer Nachricht, zum Beispiel: Merk dir, dass Anna den Ersatzschlüssel hat.",
        noted: "Notiert in {}: {}",
        failed: "Ich konnte {} nicht schreiben: {}. Es wurde nichts notiert; behebe die Ursache und sag es noch einmal.",
    },
    finding: Finding {
        from_notes: "Aus deinen Notizen:",
        closest: "Ich habe keine klare Antwort gefunden. Am nächsten kommt in deinen Notizen:",
        from_talks: "Aus einem früheren Gespräch:",
        closest_talks: "Ich habe keine klare Antwort gefunden. Am nächsten kommt in früheren Gesprächen:",
        nothing: "Ich habe in deinen Notizen nichts über „{}“ gefunden{}. Versuch es mit anderen Worten, oder sag es mir mit „merk dir, dass …“.",
        failed: "Die Suche in deinen Notizen ist gescheitert: {}. `openclaw memory status` zeigt, woran es liegt.",
        missing_tool: "Das kann ich nicht: Das Werkzeug „{}“ gibt es in dieser Sitzung nicht. Sieh im Abschnitt tools von openclaw.json nach.",
        gave_up: "Ich habe nach mehreren Aufrufen von Werkzeugen aufgehört. Frag noch einmal mit anderen Worten.",
        count: "Zeilen in deinen Notizen: {}; Dateien: {}.",
        part: "Gezeigte Zeilen: {}. Es kann mehr geben; frag nach etwas Engerem.",
    },
    forgetting: Forgetting {
        ask: "Soll ich diese Zeilen aus deinen Notizen entfernen?",
        confirm: "Antworte „ja“, und genau diese Zeilen werden entfernt; bei allem anderen bleiben sie.",
        which: "Welche Notizen? Sag es in einer Nachricht, zum Beispiel: Vergiss den Code der Garage.",
        kept: "Es wurde nichts entfernt.",
        removed: "Aus deinen Notizen entfernt:",
        back: "In diesem Gespräch stehen sie noch. Um etwas zurückzuholen, sag „merk dir, dass …“.",
        changed: "So gelassen, weil sich die Datei seither geändert hat:",
        anew: "Die Notizen haben sich seither geändert, darum wurde nichts entfernt. So lauten sie jetzt.",
        failed: "So gelassen ({}):",
    },
};

pub(super) static DUTCH: Phrases = Phrases {
    talk: Talk {
        hello: "Hallo.",
        what_it_is: "Ik ben offline/recall, het ingebouwde offline model van OpenClaw. Ik ben geen taalmodel: ik kan niet praten, redeneren of schrijven. Ik werk met de notities in je werkmap:\n\n- zeg “onthoud dat …” en ik schrijf het in het bestand van vandaag;\n- stel een vraag en ik citeer de regels van je notities die het best passen, met hun plaats;\n- zeg “wat heb ik over … genoteerd” of “hoeveel notities over …” voor een lijst;\n- zeg “vergeet …” en ik toon de regels en vraag het voor ik ze verwijder.",
        configure: "Voor een taalmodel stel je OPENAI_API_KEY in voordat de gateway start, of zet je een server onder models.providers in openclaw.json en noem je zijn model in agents.defaults.model.primary. Zie docs/models.md.",
        welcome: "Graag gedaan. Vraag me gerust naar je notities.",
        no_words: "Daar staat niets in dat ik in je notities kan opzoeken. Vraag naar iets bij naam, of zeg “onthoud dat …”. Zeg “help” om te zien wat ik ben.",
        hint: "(offline/recall, het ingebouwde offline model: het citeert je notities. Voor een taalmodel stel je OPENAI_API_KEY of models.providers in openclaw.json in; zie docs/models.md.)",
    },
    noting: Noting {
        what: "Wat moet ik noteren? Zeg het in één bericht, bijvoorbeeld: onthoud dat Anna de reservesleutel heeft.",
        noted: "Genoteerd in {}: {}",
        failed: "Ik kon {} niet schrijven: {}. Er is niets genoteerd; verhelp de oorzaak en zeg het opnieuw.",
    },
    finding: Finding {
        from_notes: "Uit je notities:",
        closest: "Ik vond geen duidelijk antwoord. Het dichtst erbij in je notities:",
        from_talks: "Uit een eerder gesprek:",
        closest_talks: "Ik vond geen duidelijk antwoord. Het dichtst erbij in eerdere gesprekken:",
        nothing: "Ik vond niets over “{}” in je notities{}. Probeer andere woorden, of vertel het me met “onthoud dat …”.",
        failed: "Zoeken in je notities is mislukt: {}. `openclaw memory status` laat zien wat er mis is.",
        missing_tool: "Dat kan ik niet: het gereedschap “{}” is er in deze sessie niet. Kijk in het deel tools van openclaw.json.",
        gave_up: "Ik ben na meerdere aanroepen gestopt. Vraag het opnieuw met andere woorden.",
        count: "Regels in je notities: {}; bestanden: {}.",
        part: "Getoonde regels: {}. Er kunnen er meer zijn; vraag naar iets preciezers.",
    },
    forgetting: Forgetting {
        ask: "Zal ik deze regels uit je notities verwijderen?",
        confirm: "Antwoord “ja” en precies deze regels gaan weg; bij al het andere blijven ze.",
        which: "Welke notities? Zeg het in één bericht, bijvoorbeeld: vergeet de code van de garage.",
        kept: "Er is niets verwijderd.",
        removed: "Uit je notities verwijderd:",
        back: "In dit gesprek staan ze nog. Om er een terug te krijgen, zeg “onthoud dat …”.",
        changed: "Zo gelaten, omdat het bestand intussen veranderd is:",
        anew: "De notities zijn intussen veranderd, dus er is niets verwijderd. Zo luiden ze nu.",
        failed: "Zo gelaten ({}):",
    },
};
