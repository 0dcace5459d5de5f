//! Words that say how something is asked, not what.

use super::tongue::Tongue;

/// They count only in a message of their language: many of them are words of a subject in another, such as "son", "war",
/// "die" and "hat".
pub(super) const STOP_WORDS: &[(Tongue, &str)] = &[
    (
        Tongue::English,
        "a about above after again ago all also am an and any anything are around as at be because been before being \
both but by can could did do does doing done down each else ever every find for from get give given go going \
got had has have having he her here hers him his how i if in into is it its itself just know last let like \
list look looked me mean memory memories mention mentioned mine more most much my myself next no nor not note \
noted notes now of off ok on once one only or other our ours out over please quote recall regarding remember \
remembered remind said same say says search she should show so some someone something still such tell than \
that the their theirs them then there these they thing things think this those through to too under until up \
us use used very want was we were what whatever when where whether which while who whom whose why will with \
would write you your yours yes many often",
    ),
    (
        Tongue::German,
        "aber als am an auch auf aus bei bin bist das dass dein dem den der des die dir doch du ein eine einem einen \
einer er es für gibt habe haben hat hatte ich ihm ihr im in ist ja kann mein meine mich mir mit nach nicht \
noch oder schon sie sind so über um und uns vom von war warum was weißt welche welcher welches wann wer wie \
wir wird wo worüber zu zum zur wessen wen wem wohin woher nur bis durch gegen ohne seit hast seinem seiner \
meinem meiner meinen meines welchem welchen viel viele notiert notiz notizen aufgeschrieben gemerkt gemacht \
alles alle etwas mal denn dann diese dieser dieses bitte zeig zeige",
    ),
    (
        Tongue::French,
        "au aux avec ce ces cette comment dans de des du elle en est et était il ils je la le les leur lui ma mais me \
mes moi mon ne nous on ou où par pas pour pourquoi quand que quel quelle qui quoi sa se ses son sur ta te tu \
un une vous ai as a ont avait notes note noté notée écrit combien quels quelles tout toutes tous s'il plaît \
montre liste est-ce ça cela à d l j qu n",
    ),
    (
        Tongue::Spanish,
        "al algo como cómo con cual cuál cuando cuándo de del dónde donde el ella en era es ese esta está fue hay la \
las lo los me mi mis o para pero por porque que qué quien quién se ser sin sobre su tengo tiene un una y yo \
he ha anoté apunté notas nota escribí cuánto cuántos cuánta cuántas todo todas todos muéstrame lista están \
eran",
    ),
    (
        Tongue::Italian,
        "lui lei loro più anche sulle sui sugli nelle nei negli dai dal dalla sia essere il lo la i gli le l un uno \
una di del dello della dei degli delle a al alla ai in nel nella su sul sulla con per tra fra e o ma che chi \
cosa cos quando dove come quanto quanta quanti quante perché è sono era ho hai ha mio mia miei mie mi si non \
ci questo questa quello quella annotato scritto note nota appunti tutto tutte elenca mostra mostrami c dov",
    ),
    (
        Tongue::Portuguese,
        "eles elas ele ela você vocês pelo pela mais muito ser ter há aonde lista o a os as um uma de do da dos das em \
no na nos nas por para com sem sobre e ou mas que quem quando onde como quanto quanta quantos quantas tenho \
tem é são era foi está estão eu meu minha meus minhas me se não este esta isso isto anotei escrevi notas nota \
tudo todas todos mostre qual quais",
    ),
    (
        Tongue::Dutch,
        "kan kun mag moet zal zou worden wordt onder tegen tot door mij me de het een en of maar van in op aan met \
voor bij uit naar over om te is zijn was waren heb hebt heeft had ik mijn je jouw hij zij ze wij we dat die \
dit deze wat wie waar wanneer hoe hoeveel waarom welke welk niet geen er ook genoteerd notities notitie \
opgeschreven alles alle toon lijst",
    ),
    (
        Tongue::Danish,
        "af at de den der det dig din du eller en er et fra for har havde hun hvad hvem hvilken hvilket hvor hvordan \
hvorfor hvornår han i ikke jeg kan man med mig min mit og om på sig som til vi blev bliver skal under over \
dem hvilke mange meget mine dine dette denne disse noteret noterede noter note skrevet alt alle vis liste ved \
siger",
    ),
    (
        Tongue::Swedish,
        "kan ska vill under över mig dig sig ut upp då nu noterat noterade fanns finns blir blev och eller men att det \
den de en ett är var vad vem när hur varför vilken vilket vilka jag du han hon vi min mitt mina har hade i på \
till från med av om för som inte många mycket antecknat antecknade anteckningar anteckning skrivit allt alla \
visa lista där",
    ),
    (
        Tongue::Norwegian,
        "er en et den det de til fra på som og i om av for med man kan skal vil ikke hun han min mitt mi sin seg meg deg der under \
over skrev har ble blir hva hvem hvor når hvordan hvorfor hvilken hvilket hvilke mange mye mine dine jeg du \
vi dette denne disse hadde notert noterte notater notat skrevet alt alle vis liste",
    ),
    (
        Tongue::Polish,
        "on ona ono oni jego jej ich będzie był by też oraz czyj i w we z ze na do od o po za u przy dla czy co kto \
kiedy gdzie jak ile dlaczego jaki jaka jakie który która które jest są była było mam masz ma mój moja moje \
mnie mi się nie to ten ta te tego tej tym zanotowałem zanotowałam notatki notatek notatka zapisałem zapisałam \
wszystko wszystkie pokaż",
    ),
    (
        Tongue::Russian,
        "его её их вы себя будет и в во с со на до от о об по за у при для или но а что кто когда где как сколько \
почему какой какая какие который есть был была было были мой моя моё мои мне меня я ты он она мы не это этот \
эта эти записал записала заметки заметок заметка всё все покажи про ли",
    ),
];
