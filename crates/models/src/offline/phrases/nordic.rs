//! Phrases: Danish, Swedish and Norwegian.

use super::table::{Finding, Forgetting, Noting, Phrases, Talk};

pub(super) static DANISH: Phrases = Phrases {
    talk: Talk {
        hello: "Hej.",
        what_it_is: "Jeg er offline/recall, den indbyggede offlinemodel i OpenClaw. Jeg er ikke en sprogmodel: jeg kan ikke snakke, ræsonnere eller skrive. Jeg arbejder med noterne i din arbejdsmappe:\n\n- sig »husk at …«, og jeg skriver det i dagens fil;\n- stil et spørgsmål, og jeg citerer de linjer i dine noter, der passer bedst, med deres sted;\n- sig »hvad har jeg noteret om …« eller »hvor mange noter om …« for en liste;\n- sig »glem …«, og jeg viser linjerne og spørger, før jeg fjerner dem.",
        configure: "For at bruge en sprogmodel skal du sætte OPENAI_API_KEY, før gatewayen startes, eller tilføje en server under models.providers i openclaw.json og nævne dens model i agents.defaults.model.primary. Se docs/models.md.",
        welcome: "Selv tak. Spørg mig om dine noter når som helst.",
        no_words: "Der er ikke noget i det, som jeg kan slå op i dine noter. Spørg om noget ved navn, eller sig »husk at …«. Sig »hjælp« for at se, hvad jeg er.",
        hint: "(offline/recall, den indbyggede offlinemodel: den citerer dine noter. For at bruge en sprogmodel skal du sætte OPENAI_API_KEY eller models.providers i openclaw.json; se docs/models.md.)",
    },
    noting: Noting {
        what: "Hvad skal jeg notere? Sig det i én besked, for eksempel: husk at Anna har reservenøglen.",
        noted: "Noteret i {}: {}",
        failed: "Jeg kunne ikke skrive {}: {}. Intet blev noteret; ret årsagen, og sig det igen.",
    },
    finding: Finding {
        from_notes: "Fra dine noter:",
        closest: "Jeg fandt ikke et klart svar. Det nærmeste i dine noter:",
        from_talks: "Fra en tidligere samtale:",
        closest_talks: "Jeg fandt ikke noget klart svar. Det nærmeste i tidligere samtaler:",
        nothing: "Jeg fandt intet om »{}« i dine noter{}. Prøv med andre ord, eller fortæl mig det med »husk at …«.",
        failed: "Søgningen i dine noter mislykkedes: {}. Kør `openclaw memory status` for at se, hvad der er galt.",
        missing_tool: "Det kan jeg ikke: værktøjet »{}« findes ikke i denne session. Se i afsnittet tools i openclaw.json.",
        gave_up: "Jeg stoppede efter flere kald. Spørg igen med andre ord.",
        count: "Linjer fundet i dine noter: {}; filer: {}.",
        part: "Viste linjer: {}. Der kan være flere; spørg om noget mere præcist.",
    },
    forgetting: Forgetting {
        ask: "Skal jeg fjerne disse linjer fra dine noter?",
        confirm: "Svar »ja«, så fjernes netop disse linjer; ved alt andet bliver de.",
        which: "Hvilke noter? Sig det i én besked, for eksempel: glem koden til garagen.",
        kept: "Intet blev fjernet.",
        removed: "Fjernet fra dine noter:",
        back: "De står stadig i denne samtale. For at få en tilbage, sig »husk at …«.",
        changed: "Ladt uændret, fordi filen er ændret siden:",
        anew: "Noterne er ændret siden, så intet blev fjernet. Sådan står de nu.",
        failed: "Ladt uændret ({}):",
    },
};

pub(super) static SWEDISH: Phrases = Phrases {
    talk: Talk {
        hello: "Hej.",
        what_it_is: "Jag är offline/recall, den inbyggda offlinemodellen i OpenClaw. Jag är ingen språkmodell: jag kan inte prata, resonera eller skriva. Jag arbetar med anteckningarna i din arbetsmapp:\n\n- säg ”kom ihåg att …” så skriver jag det i dagens fil;\n- ställ en fråga så citerar jag de rader i dina anteckningar som passar bäst, med deras plats;\n- säg ”vad har jag antecknat om …” eller ”hur många anteckningar om …” för en lista;\n- säg ”glöm …” så visar jag raderna och frågar innan jag tar bort dem.",
        configure: "För att använda en språkmodell, sätt OPENAI_API_KEY innan gatewayen startas, eller lägg till en server under models.providers i openclaw.json och ange dess modell i agents.defaults.model.primary. Se docs/models.md.",
        welcome: "Varsågod. Fråga mig om dina anteckningar när du vill.",
        no_words: "Där finns inget som jag kan slå upp i dina anteckningar. Fråga om något vid namn, eller säg ”kom ihåg att …”. Säg ”hjälp” för att se vad jag är.",
        hint: "(offline/recall, den inbyggda offlinemodellen: den citerar dina anteckningar. För att använda en språkmodell, sätt OPENAI_API_KEY eller models.providers i openclaw.json; se docs/models.md.)",
    },
    noting: Noting {
        what: "Vad ska jag anteckna? Säg det i ett meddelande, till exempel: kom ihåg att Anna har reservnyckeln.",
        noted: "Antecknat i {}: {}",
        failed: "Jag kunde inte skriva {}: {}. Inget antecknades; rätta orsaken och säg det igen.",
    },
    finding: Finding {
        from_notes: "Ur dina anteckningar:",
        closest: "Jag hittade inget tydligt svar. Det närmaste i dina anteckningar:",
        from_talks: "Från ett tidigare samtal:",
        closest_talks: "Jag hittade inget tydligt svar. Det närmaste i tidigare samtal:",
        nothing: "Jag hittade inget om ”{}” i dina anteckningar{}. Försök med andra ord, eller berätta det med ”kom ihåg att …”.",
        failed: "Sökningen i dina anteckningar misslyckades: {}. Kör `openclaw memory status` för att se vad som är fel.",
        missing_tool: "Det kan jag inte: verktyget ”{}” finns inte i den här sessionen. Se avsnittet tools i openclaw.json.",
        gave_up: "Jag slutade efter flera anrop. Fråga igen med andra ord.",
        count: "Rader i dina anteckningar: {}; filer: {}.",
        part: "Visade rader: {}. Det kan finnas fler; fråga om något mer precist.",
    },
    forgetting: Forgetting {
        ask: "Ska jag ta bort de här raderna ur dina anteckningar?",
        confirm: "Svara ”ja” så tas exakt de här raderna bort; vid allt annat blir de kvar.",
        which: "Vilka anteckningar? Säg det i ett meddelande, till exempel: glöm koden till garaget.",
        kept: "Inget togs bort.",
        removed: "Borttaget ur dina anteckningar:",
        back: "De står kvar i det här samtalet. För att få tillbaka något, säg ”kom ihåg att …”.",
        changed: "Lämnat som det är, eftersom filen har ändrats sedan dess:",
        anew: "Anteckningarna har ändrats sedan dess, så inget togs bort. Så här ser de ut nu.",
        failed: "Lämnat som det är ({}):",
    },
};

pub(super) static NORWEGIAN: Phrases = Phrases {
    talk: Talk {
        hello: "Hei.",
        what_it_is: "Jeg er offline/recall, den innebygde frakoblede modellen i OpenClaw. Jeg er ikke en språkmodell: jeg kan ikke prate, resonnere eller skrive. Jeg arbeider med notatene i arbeidsmappen din:\n\n- si «husk at …», så skriver jeg det i dagens fil;\n- still et spørsmål, så siterer jeg de linjene i notatene dine som passer best, med stedet;\n- si «hva har jeg notert om …» eller «hvor mange notater om …» for en liste;\n- si «glem …», så viser jeg linjene og spør før jeg fjerner dem.",
        configure: "For å bruke en språkmodell, sett OPENAI_API_KEY før gatewayen startes, eller legg til en server under models.providers i openclaw.json og oppgi modellen i agents.defaults.model.primary. Se docs/models.md.",
        welcome: "Bare hyggelig. Spør meg om notatene dine når som helst.",
        no_words: "Det er ingenting der jeg kan slå opp i notatene dine. Spør om noe ved navn, eller si «husk at …». Si «hjelp» for å se hva jeg er.",
        hint: "(offline/recall, den innebygde frakoblede modellen: den siterer notatene dine. For å bruke en språkmodell, sett OPENAI_API_KEY eller models.providers i openclaw.json; se docs/models.md.)",
    },
    noting: Noting {
        what: "Hva skal jeg notere? Si det i én melding, for eksempel: husk at Anna har reservenøkkelen.",
        noted: "Notert i {}: {}",
        failed: "Jeg kunne ikke skrive {}: {}. Ingenting ble notert; rett årsaken og si det igjen.",
    },
    finding: Finding {
        from_notes: "Fra notatene dine:",
        closest: "Jeg fant ikke noe klart svar. Det nærmeste i notatene dine:",
        from_talks: "Fra en tidligere samtale:",
        closest_talks: "Jeg fant ikke noe klart svar. Det nærmeste i tidligere samtaler:",
        nothing: "Jeg fant ingenting om «{}» i notatene dine{}. Prøv med andre ord, eller fortell meg det med «husk at …».",
        failed: "Søket i notatene dine mislyktes: {}. Kjør `openclaw memory status` for å se hva som er galt.",
        missing_tool: "Det kan jeg ikke: verktøyet «{}» finnes ikke i denne økten. Se i delen tools i openclaw.json.",
        gave_up: "Jeg stoppet etter flere kall. Spør igjen med andre ord.",
        count: "Linjer funnet i notatene dine: {}; filer: {}.",
        part: "Viste linjer: {}. Det kan finnes flere; spør om noe mer presist.",
    },
    forgetting: Forgetting {
        ask: "Skal jeg fjerne disse linjene fra notatene dine?",
        confirm: "Svar «ja», så fjernes nettopp disse linjene; ved alt annet blir de.",
        which: "Hvilke notater? Si det i én melding, for eksempel: glem koden til garasjen.",
        kept: "Ingenting ble fjernet.",
        removed: "Fjernet fra notatene dine:",
        back: "De står fortsatt i denne samtalen. For å få en tilbake, si «husk at …».",
        changed: "Uendret, fordi filen er endret siden:",
        anew: "Notatene er endret siden, så ingenting ble fjernet. Slik står de nå.",
        failed: "Uendret ({}):",
    },
};
