//! Words that say nothing about what a text is about: the closed classes of each language (articles, pronouns,
//! prepositions, conjunctions, auxiliaries, question words), and the verbs that open a question.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fold::fold;
use super::language::{Language, Set};

const ENGLISH: &str = "a about above after again against all am an and any are aren as at be because been before \
being below between both but by can cannot could couldn d did didn do does doesn doing don down during each few for from further \
had hadn has hasn have haven having he her here hers him his how i if in into is isn it its just \
ll m me more most my no nor not now of off on once only or other our ours out over own re s same she should shouldn \
so some such t than that the their theirs them then there these they this those through to too under until up \
us ve very was wasn we were weren what when where which who whom whose why will with \
would wouldn you your yours dont didnt isnt whats im ive cant wont thats";

const GERMAN: &str = "aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da damit dann das dass daß \
dein deine deinem deinen deiner dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch dort du durch \
ein eine einem einen einer eines er es etwas euch euer eure für gegen habe haben habt hat hatte hatten hattest hier hinter \
ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jene jener jetzt kann kannst kein keine \
keinem keinen keiner können konnte man mein meine meinem meinen meiner mich mir mit muss musste nach nicht nichts noch nun nur ob \
oder ohne schon sehr sein seine seinem seinen seiner selbst sich sie sind so soll sollte sondern um und uns unser unsere unserem \
unseren unter vom von vor wann war waren warst warum was weil welche welchem welchen welcher welches wem wen wenn wer werde werden \
wessen wie wieder wieviel will wir wird wirst wo wobei wofür woher wohin womit woran worüber wurde wurden würde zu zum zur zwar zwischen \
über hab wurdest heißt heisst";

const DUTCH: &str = "aan al alle als altijd ben bent bij daar dan dat de der deze die dit doch doen door dus een en er ge geen had hadden heb \
hebben hebt heeft hem het hier hij hoe hoeveel hun iets ik in is ja je jij jou jouw jullie kan kon kunnen maar me meer men met mij mijn moet na naar \
niet niets nog nu of om omdat onder ons onze ook op over reeds te tegen toch toen tot u uit uw van veel voor waar waarom waarmee wanneer was wat we wel welk \
welke werd wezen wie wij wil worden wordt zal ze zei zelf zich zij zijn zo zonder zou heette heet";

const DANISH: &str = "ad af al alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din dine disse dit dog du efter \
eller en end er et for fordi fra før ham han hans har havde have hende hendes her hos hun hvad hvem hver hvilke hvilken hvilket hvis hvor \
hvordan hvorfor hvornår hvorhen hvormed i ikke ind jeg jer jeres jo kan kunne man mange med meget men mig min mine mit mod når ned noget \
nogen nogle nu og også om op os over på sagde sammen selv sig sin sine sit skal skulle som sådan til ud under var ved vi vil ville vor \
vores være været hedder hed";

const NORWEGIAN: &str = "alle at av bare ble blei bli blir både da de deg dei deim dem den denne der dere deres det dette di din disse ditt du eg ein \
eit eller en er et etter for fordi fra før ha hadde han hans har henne hennes her hun hva hvem hver hvilke hvilken hvilket hvis hvor hvordan \
hvorfor i ikke ikkje inn ja jeg kan kun kunne kva kven korleis kvifor man mange med meg meget mellom men mer mi min mine mitt mot mye mykje når ned no \
noe noen nå og også om opp oss over på sa sammen seg selv si siden sin sine sitt skal skulle slik som så til ut uten var ved vi vil ville vår våre være vært heter het";

const SWEDISH: &str = "alla allt att av bara blev bli blir både de dem den denna deras dess dessa det detta dig din dina ditt du där då efter ej eller en \
er era ert ett från för ha hade han hans har henne hennes hon honom hos hur här i icke in ingen inget inom inte jag ju kan kunde man med mellan \
men mig min mina mitt mot mycket ni nu när något någon några och om oss på samma sedan sig sin sina sitt själv ska skall skulle som så sådan till under upp \
ut utan vad var vara varför varit varje vart vem vems vi vid vilka vilken vilket vår våra är åt över heter hette";

const FINNISH: &str = "ei eivät emme en et ette että hän häneen hänellä hänen häntä he heidän heitä ja jo joka jonka jos jotka jotain kanssa ketä kenen koska kuin kuinka kuka kun me \
meidän meitä mihin mikä miksi milloin minkä minä minun minua minulla missä mistä mitä miten mukaan mutta myös ne niin niiden nyt noin ole olen olet \
oli olimme olin olisi olit olla olleet ollut on ovat sen se siinä siitä sinä sinun sinua tai te teidän tämä tämän tässä tuo vaan vai vain vaikka voi";

const FRENCH: &str = "ai aie aient ait à alors as au aucun aura aurait aussi autre aux avait avaient avais avec avez avoir avons c ça car ce ceci cela celle celui ces cet cette ceux \
chez ci comme comment d dans de des donc dont du elle elles en encore entre es est et étaient étais était être eu eux fait faut fut ici il ils \
j jamais je jusqu l la là le les leur leurs lui m ma mais me même mes moi moins mon n ne ni non nos notre nous on ont ou où par pas pendant peu peut plus pour pourquoi \
qu quand que quel quelle quelles quels qui quoi s sa sans se sera serait ses si son sont sous sur t ta te tes toi ton tous tout toute toutes très tu un une vers vos votre vous y appelle";

const SPANISH: &str = "a al algo algún algunas algunos ante antes aquel aquella aunque cada como cómo con contra cual cuál cuáles cuando cuándo cuánto cuánta cuántos de del desde \
donde dónde dos durante e el él ella ellas ellos en entre era eran eres es esa esas ese eso esos esta está estaba estado están estar estas este esto \
estos estoy fue fueron fui ha había han has hasta hay he la las le les lo los más me mi mí mientras mis mucho muy nada ni no nos nosotros nuestra nuestro \
nunca o os otra otro para pero poco por porque pues que qué quien quién quiénes se sea ser si sí sido siempre sin sobre son soy su sus también tanto te tengo ti tiene tienen \
toda todas todo todos tu tú tus un una unas uno unos usted y ya yo llama";

const PORTUGUESE: &str = "a à ainda ao aos aquela aquele aquilo as às até cada com como da das de dela dele deles depois do dos e é ela elas ele eles em entre era \
eram essa esse esta está estão estava este eu foi for foram há isso isto já lhe mais mas me mesmo meu meus minha minhas muito na nas não nem no nos nós nossa \
nosso num numa o onde os ou para pela pelas pelo pelos por porque porquê quais qual quando quanto quantos que quê quem se sem ser será seu seus só sobre sua suas também te tem têm \
ter teu teve tinha tu tua um uma você vocês";

const ITALIAN: &str = "a ad ai al alla alle allo anche anzi avere aveva c che chi ci cioè coi col come con contro cosa cui d da dagli dai dal dalla dalle de degli dei del dell della delle \
dello di dove due e è ed era erano essere fa fra già gli ha hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia mie miei mio molto ne negli nei nel nell nella \
nelle nello noi non nostra nostro o ogni per perché perchè però più poi qual quale quali quando quanto quella quelle quelli quello questa queste questi questo qui se sei si sia siamo sono sta stata \
stato su sua sue sugli sui sul sull sulla suo suoi te ti tra tu tua tuo tutti tutto un una uno vi voi";

const TURKISH: &str = "acaba ama ancak artık bana ben beni benim bile bir biri biz bize bizim bu buna bunda bundan bunu bunun böyle çok çünkü da daha de değil diye \
gibi hangi hangisi hem hep hepsi her hiç için ile ise kadar kaç ki kim kime kimin kimi mi mı mu mü nasıl ne neden nerede nereye nereden niçin niye o olan olarak \
oldu olduğu on ona ondan onlar onu onun sana sanki sen seni senin siz size sizin şey şu şunu var ve veya ya yani yok zaten neydi nedir kimdi kimdir vardı idi";

const RUSSIAN: &str = "а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для до его ее ей ему если есть еще же за \
здесь и из или им их к как какая какие какой какого каком кто куда ли между меня мне мной много мой моя мое мои мы на над надо нам нас не него нее ней нет ни них но ну о об \
однако он она они оно от откуда очень перед по под после потому почему при про с сам свой себе себя со так также такой там тебе тебя тем то тобой тогда того \
тоже только том ты у уже хотя чего чей чем через что чтобы чье чья эта эти это этого этой этом этот я сколько когда зачем";

const ARABIC: &str = "في من على الى عن مع هذا هذه ذلك تلك التي الذي الذين هو هي هم هن انا نحن انت انتم كان كانت كانوا يكون تكون ما ماذا متى اين كيف لماذا كم هل \
اي و او ثم بل لكن ان لا لم لن ليس ليست قد كل بعض غير بين عند عندما حتى اذا لو كما منذ به بها له لها لهم لي لنا فيه فيها منه منها عليه عليها اليه هناك هنا اسمه";

const HEBREW: &str = "של את על עם לא כן אני אתה אתם הוא היא המ הנ אנחנו זה זאת זו אלה אלו היה היתה היו יש אינ אשר כי אמ או גמ רק אבל כל מה מי איפה מתי איכ למה כמה \
איזה איזו האמ לי לכ לו לה לנו להמ שלי שלכ שלו שלה שלנו אל אצל בינ כמו עוד כבר מאוד אז פה שמ אחרי לפני עד מנ ב ל ה ו";

const HINDI: &str = "का के की को में से पर ने है हैं था थी थे हूं हो होता होती होते और या एक यह ये वह वे इस उस इन उन मैं हम तुम आप मेरा मेरी मेरे हमारा आपका उसका उसकी उनके \
इसका जो कि तो भी ही नहीं क्या कौन कब कहां कैसे क्यों कितना कितने कितनी किस किसने किसका कौनसा लिए साथ तक बाद पहले कर करना किया गया गयी गई रहा रही रहे जब अगर मुझे मुझको अपना अपनी अपने हुआ हुई हुए";

const LISTS: [(Language, &str); 16] = [
    (Language::English, ENGLISH),
    (Language::German, GERMAN),
    (Language::Dutch, DUTCH),
    (Language::Danish, DANISH),
    (Language::Norwegian, NORWEGIAN),
    (Language::Swedish, SWEDISH),
    (Language::Finnish, FINNISH),
    (Language::French, FRENCH),
    (Language::Spanish, SPANISH),
    (Language::Portuguese, PORTUGUESE),
    (Language::Italian, ITALIAN),
    (Language::Turkish, TURKISH),
    (Language::Russian, RUSSIAN),
    (Language::Arabic, ARABIC),
    (Language::Hebrew, HEBREW),
    (Language::Hindi, HINDI),
];

/// How questions to a memory begin, or end in languages that put the verb last. They carry no subject there, and may
/// well be the subject elsewhere.
const OPENERS: &str = "tell say said says know remember remind recall mention mentioned note noted notes find search show give list look please \
let memory regarding concerning ever \
erzähl erzähle sag sage weißt weisst erinnere erinnerst zeig zeige finde suche such gib bitte notiert erwähnt gesagt gab gibt \
fortæl sig ved husk husker vis find søg giv venligst noteret skrev sagde nævnt \
fortell husker vis finn søk gi vennligst notert \
berätta säg vet minns visa hitta sök ge snälla noterade \
vertel zeg weet herinner toon vind zoek geef graag genoteerd \
kerro muistatko näytä etsi anna \
dis raconte sais souviens rappelle montre trouve cherche donne noté note dit \
dime di cuéntame sabes recuerdas recuerda muéstrame muestra encuentra busca dame anoté dije dijo \
diga diz conta sabe lembra lembre mostra mostre encontra procura \
dimmi sai ricordi ricorda mostrami trova cerca dammi \
söyle anlat hatırla hatırlıyor göster bul ara ver biliyor musun misin \
скажи расскажи знаешь помнишь напомни покажи найди поиск дай пожалуйста \
اخبرني قل تعرف تذكر ذكرني اعرض ابحث اعطني \
ספר תגיד יודע זוכר תזכיר תראה מצא חפש \
बताओ बताइए बताइये पता याद दिखाओ ढूंढो दो";

/// Words of a question about days that ask for whatever there is.
const ANYTHING: &str = "happened happen happens happening event events diary journal entry entries anything everything something things \
going went did do done wrote written note noted notes \
passiert geschah geschehen los ereignis ereignisse tagebuch eintrag einträge alles irgendwas gemacht getan notiert \
skete sket skete hændte begivenheder dagbog noget alt lavede lavet noteret \
skjedde skjedd hendte hendelser dagbok noe gjorde \
hände hänt skedde händelser något allt gjort \
gebeurde gebeurd gebeurtenissen dagboek iets alles gedaan \
tapahtui tapahtunut tapahtumat päiväkirja jotain kaikki tehnyt \
passé arrivé arriva événements événement journal tout fait \
pasó pasado ocurrió sucedió evento eventos diario algo todo hice hecho \
aconteceu passou evento eventos diário tudo fiz feito \
successo accaduto accadde evento eventi diario qualcosa tutto fatto \
oldu olmuş olan olay olaylar günlük yaptım \
произошло случилось было событие события дневник что-то всё делал сделал \
حدث حصل احداث يوميات קרה אירועים יומן हुआ घटना डायरी";

/// Who asks or is asked, and the auxiliary after it: a verb after one of them opens a question, "what did I note about".
const ASKERS: &str = "i you we me ich du wir mir jeg vi mig jag ni ik jij we mij minä sinä je tu nous vous moi yo tú me eu você io noi \
ai avons he hemos ho abbiamo have har heb я ты вы мне";

/// Stop words of one language that are words with a meaning in English: alone they prove nothing.
const FALSE_FRIENDS: &str = "war die hat man den sin son pour sur mes car ton an mine dies era on no me is in a as at de it so am at was will also had \
ran over under for do to of men fur se la le per come due fa sole son dell van here her his den hun het dem sera eu os pas \
door hem ben dan tot wil haar dog ham end mod ned dig fra din hen bare mot var kun comment encore plus dont tout elle fut font sea once has con \
mis solo dove poi chi non kim size hep bin biz ama sen muss dies ins sans est met deer dates \
e i o y u d l m n s t c x";

static STOP: LazyLock<HashMap<String, Set>> = LazyLock::new(|| {
    let mut words: HashMap<String, Set> = HashMap::new();
    for (language, list) in LISTS {
        for word in list.split_whitespace() {
            words.entry(word.to_owned()).or_default().insert(language);
            words.entry(fold(word)).or_default().insert(language);
        }
    }
    words
});

static OPENING: LazyLock<HashMap<String, ()>> = LazyLock::new(|| {
    OPENERS.split_whitespace().flat_map(|word| [(word.to_owned(), ()), (fold(word), ())]).collect()
});

static WHATEVER: LazyLock<HashMap<String, ()>> = LazyLock::new(|| {
    ANYTHING.split_whitespace().flat_map(|word| [(word.to_owned(), ()), (fold(word), ())]).collect()
});

/// Whether the word asks for whatever there is.
pub(super) fn is_anything(word: &str) -> bool {
    WHATEVER.contains_key(word)
}

static FALSE: LazyLock<HashMap<&'static str, ()>> =
    LazyLock::new(|| FALSE_FRIENDS.split_whitespace().map(|word| (word, ())).collect());

/// The languages in which a lower-case word is a stop word.
pub(super) fn languages_of(word: &str) -> Set {
    STOP.get(word).copied().unwrap_or_default()
}

/// Whether a stop word says something about the language of its text.
pub(super) fn is_evidence(word: &str, language: Language) -> bool {
    language == Language::English || !FALSE.contains_key(word)
}

static ASKING: LazyLock<HashMap<&'static str, ()>> =
    LazyLock::new(|| ASKERS.split_whitespace().map(|word| (word, ())).collect());

/// Whether the word is somebody who asks or is asked.
pub(super) fn is_asker(word: &str) -> bool {
    ASKING.contains_key(word)
}

/// Whether the word only opens or closes a question.
pub(super) fn is_opener(word: &str) -> bool {
    OPENING.contains_key(word)
}

/// Chinese and Japanese words of questions and grammar, longest first: dropped from queries where they stand.
pub(super) const HAN_QUESTIONS: [&str; 44] = [
    "为什么",
    "為什麼",
    "什么时候",
    "什麼時候",
    "是什么",
    "是什麼",
    "有没有",
    "有沒有",
    "是不是",
    "怎么样",
    "怎麼樣",
    "什么",
    "什麼",
    "怎么",
    "怎麼",
    "如何",
    "哪里",
    "哪裡",
    "哪儿",
    "哪个",
    "哪個",
    "哪些",
    "哪",
    "谁",
    "誰",
    "多少",
    "几个",
    "我们",
    "我們",
    "你们",
    "你們",
    "他们",
    "他們",
    "她们",
    "这个",
    "這個",
    "那个",
    "那個",
    "告诉",
    "告訴",
    "请问",
    "請問",
    "何",
    "一下",
];

/// Single characters that are grammar more often than not: pairs with one of them count little.
pub(super) const HAN_GRAMMAR: &str = "的了是在我你您他她它们們吗嗎呢吧啊和与與跟也就都很把被让讓给給对對从從到这這那个個着著过過有没沒不请請会會说說";

/// Endings of Korean words that are grammar, longest first.
pub(super) const PARTICLES: [&str; 40] = [
    "에게서는",
    "으로부터",
    "에서는",
    "에게서",
    "에게는",
    "이라는",
    "이라고",
    "으로는",
    "까지는",
    "부터는",
    "에서",
    "에게",
    "한테",
    "으로",
    "까지",
    "부터",
    "처럼",
    "보다",
    "이나",
    "라는",
    "라고",
    "에는",
    "에도",
    "하고",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "에",
    "의",
    "도",
    "로",
    "과",
    "와",
    "만",
    "나",
    "랑",
    "야",
];

/// Korean words of questions and grammar.
pub(super) const KOREAN: &str = "무엇 무엇을 무엇이 무엇인가요 무엇이었나요 뭐 뭐야 뭐였지 뭘 언제 어디 어디서 어디에 어디에서 누구 누가 누구의 왜 어떻게 어떤 얼마 얼마나 몇 나 나는 내 내가 나의 저 저는 제 제가 \
우리 너 그 그는 그녀 그것 이것 이 저것 것 수 있다 있는 있나요 있었나요 있어 없다 하다 했나요 했어 했지 인가요 입니까 알려줘 알려 말해줘 찾아줘 대해 대한 대해서 그리고 또는 및";

#[cfg(test)]
mod tests {
    use super::{is_opener, languages_of};
    use crate::words::language::Language;

    #[test]
    fn table() {
        assert!(languages_of("the").contains(Language::English));
        assert!(languages_of("hvornår").contains(Language::Danish));
        assert!(languages_of("hvornar").contains(Language::Danish), "typed without the key");
        assert!(languages_of("war").contains(Language::German));
        assert!(!languages_of("war").contains(Language::English));
        assert!(languages_of("tea").is_empty());
        assert!(is_opener("erzähl") && !is_opener("tea"));
    }
}
