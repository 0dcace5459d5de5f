"""usage: encoder-texts.py OUT.json : writes the 200 texts of the encoder's reference tests.

Written for this purpose, free of anybody's rights. Needs nothing outside the standard library.
"""
import json
import random
import sys

SENTENCES = r"""
Hello world
The quick brown fox jumps over the lazy dog.
Meeting with Anna on Tuesday about the budget for Q3; bring the slides.
We decided to move the database to the new server on Friday night.
My sister's birthday is on the 14th of March, she likes orchids.
The router's address is 192.168.1.1 and its admin page answers on port 8443.
Do not deploy on Fridays!
I'm allergic to penicillin, not to peanuts.
What did the doctor say about my knee?
remember: the spare key is under the third flower pot
TODO: call the bank re: invoice #4432 (due 2026-03-01)
Our API keys rotate every 90 days; the next rotation is on 2026-05-17T09:00:00Z.
E = mc^2, and the integral of 1/x is ln|x| + C.
def fibonacci(n): return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
SELECT name, count(*) FROM users WHERE created_at > now() - interval '7 days' GROUP BY name;
git rebase --interactive HEAD~3 && git push --force-with-lease
The train leaves at 7:45 from platform 9, change in Hamburg.
He prefers tea over coffee, and never drinks after 4pm.
supercalifragilisticexpialidocious antidisestablishmentarianism
https://example.com/path/to/page?query=value&other=1#fragment
bob.smith+news@example.org wrote: "see you at the pub?"
The cat sat on the mat. The mat was red. The cat was not.
Recipe: 200 g flour, 3 eggs, 1/2 tsp salt; bake 25 min at 180 °C.
Our Wi-Fi password is correct-horse-battery-staple.
She moved from Lisbon to São Paulo in 2019 and works for a bakery.
The patient has a history of hypertension and type 2 diabetes mellitus.
Kubernetes pods crash-loop because the readiness probe times out.
$1,299.99 (incl. 19% VAT) was charged to card ****4242.
ERROR: thread 'main' panicked at src/main.rs:42:7: index out of bounds
Jeg møder Søren på fredag klokken halv tre ved åen.
Rødgrød med fløde smager bedst om sommeren.
Børnehaven holder lukket i uge 29 og 30.
Der Aufsichtsrat hat beschlossen, die Donaudampfschifffahrtsgesellschaft zu verkaufen.
Die Müllabfuhr kommt jeden zweiten Dienstag; Straße nicht vergessen!
Ich möchte morgen früh um sechs geweckt werden.
Le rendez-vous chez le dentiste est reporté à jeudi, à 15 h 30.
Où est passé l'été ? Ça dépend, peut-être à la plage.
El médico dijo que debo dormir más y tomar menos café.
¿Cuándo vence el contrato de alquiler? El próximo año.
A reunião foi adiada para segunda-feira às dez horas.
La chiave di riserva è sotto il vaso; perché non la prendi?
De vergadering begint om negen uur, niet om tien uur.
Mötet flyttades till torsdag eftersom Åsa är sjuk.
Kokous siirrettiin ensi viikolle, koska järjestelmä oli alhaalla.
Zażółć gęślą jaźń, a potem zadzwoń do Łukasza.
Příliš žluťoučký kůň úpěl ďábelské ódy.
Árvíztűrő tükörfúrógép, mondta Gergő.
Toplantı İstanbul'da saat üçte başlayacak, ışıkları kapat.
Cuộc họp bắt đầu lúc chín giờ sáng thứ Hai ở Hà Nội.
Встреча перенесена на четверг, потому что сервер не работает.
Мій день народження чотирнадцятого березня, ще й вихідний.
Ключът е под саксията до вратата.
Η συνάντηση είναι την Τρίτη στην Αθήνα, στις δέκα.
ΟΔΥΣΣΕΥΣ ΚΑΙ ΠΗΝΕΛΟΠΗ
הפגישה נדחתה ליום חמישי בשעה עשר.
موعد الاجتماع يوم الثلاثاء الساعة العاشرة صباحا.
جلسه به روز پنج‌شنبه موکول شد.
बैठक मंगलवार को सुबह दस बजे है।
সভা মঙ্গলবার সকাল দশটায়।
கூட்டம் செவ்வாய்க்கிழமை காலை பத்து மணிக்கு.
การประชุมเริ่มเวลาเก้าโมงเช้าวันจันทร์
我喜欢吃苹果，不喜欢吃香蕉。
会议改到下星期四上午十点，请带上预算表。
會議改到下星期四上午十點。
会議は来週の木曜日の午前十時に変更されました。
カタカナとひらがなと漢字を混ぜて書く。ガギグゲゴ
회의는 다음 주 목요일 오전 열 시로 변경되었습니다.
서울에서 부산까지 기차로 세 시간 걸린다.
ქართული ენა და დამწერლობა
Հանդիպումը երեքշաբթի օրն է։
ስብሰባው ማክሰኞ ነው።
Kikao kitafanyika Jumanne saa nne asubuhi.
Rapat dipindahkan ke hari Kamis pukul sepuluh.
🎉 Party at Tom's place 🍕🍺 bring a friend 👩‍👩‍👧‍👦!
naïve café résumé coöperate façade
ﬁne ﬂow ½ cup № 5 ™ ® © … – — “quoted” ‘single’ «guillemets»
a_b-c.d/e\\f|g~h`i^j*k+l=m<n>o{p}q[r]s(t)u@v#w$x%y&z!
[CLS] this is not a special token [SEP] nor is [MASK] or [PAD] [UNK]
##ing ##ed un##related ##
ＦＵＬＬ－ＷＩＤＴＨ ｔｅｘｔ １２３ ｶﾀｶﾅ
e\u0301 a\u030a n\u0303 o\u0308 combining, I\u0307 s\u0323\u0307
soft\u00adhyphen zero\u200bwidth non\u2060breaking\u00a0space \ufeffbom
tab\tnew\nline\r\nreturn\u2028separator\u3000wide\x0bvertical\x0cform
bell\x07 null\x00 escape\x1b[31mred\x1b[0m \ufffd replaced
\ud55c\uae00 \u1112\u1161\u11ab \uf900\ufa0e \U00020000\U0002f800
ǅ ǆ Ǆ ẞ ß ŉ ǰ ΐ ΰ և ẖ ẗ ẘ ẙ ẚ K Å Ω
ᏣᎳᎩ ꭰꭱ 𐐀𐐨 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ① ⅷ ㈱ ㎏
x
?
1
""".strip("\n").split("\n")

NAMES = "Anna Bob Chen Dmitri Elif Fatima Gustav Hana Ingrid Jorge Kofi Linh".split()
THINGS = "invoice,router,garden fence,quarterly report,bicycle,backup disk,passport,lease,coffee machine,tax form".split(",")
PLACES = "Copenhagen,the office,Kyoto,the cellar,room 4.12,Buenos Aires,the second drawer,my dentist's".split(",")
VERBS = "fixed,forgot,sold,ordered,lost,renewed,painted,cancelled,found,returned".split(",")


def note(rng):
    """A line as people write it in notes."""
    kind = rng.randrange(5)
    who, thing, place, did = (rng.choice(of) for of in (NAMES, THINGS, PLACES, VERBS))
    day = f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return [
        f"- {day}: {who} {did} the {thing} at {place}.",
        f"**{who}** says the {thing} costs {rng.randint(5, 9000)} EUR, pick it up from {place} before {day}.",
        f"| {who} | {thing} | {rng.randint(1, 99)} % | {place} |",
        f"Question for {who}: who {did} the {thing}? Ticket OPS-{rng.randint(100, 9999)}, build {rng.getrandbits(32):08x}.",
        f"{did.title()}: {thing} ({place}), contact {who.lower()}{rng.randint(1, 99)}@example.net, +45 {rng.randint(10**7, 10**8 - 1)}",
    ][kind]


def texts():
    """All of them: sentences, notes, passages of many sentences, and what nobody would write."""
    rng = random.Random(20261128)
    # Lines with a backslash hold escapes, and nothing but ASCII.
    unescaped = [line.encode().decode("unicode_escape") if "\\" in line else line for line in SENTENCES]
    made = ["", " ", *unescaped]
    made += [note(rng) for _ in range(30)]
    made += ["\n".join(note(rng) for _ in range(rng.randint(2, 12))) for _ in range(25)]
    made += [" ".join(rng.sample(unescaped, rng.randint(2, 9))) for _ in range(25)]
    made += ["word " * 300, "a" * 100, "a" * 101, "字" * 300, "." * 400, "é" * 99 + " ok", "🎉" * 50, "ß" * 60]
    made += ["".join(chr(rng.choice((rng.randint(32, 126), rng.randint(160, 0x17F), rng.randint(0x370, 0x5FF)))) for _ in range(rng.randint(5, 200))) for _ in range(8)]
    while len(made) < 200:
        made.append("".join(chr(rng.choice((rng.randint(0, 0xD7FF), rng.randint(0xE000, 0x10FFFF)))) for _ in range(rng.randint(1, 60))))
    assert len(made) == 200, len(made)
    return made


if __name__ == "__main__":
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(texts(), out, ensure_ascii=True, indent=0)
        out.write("\n")
