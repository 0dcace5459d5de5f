//! Phrases: Polish, Russian, Chinese and Japanese.

use super::table::{Finding, Forgetting, Noting, Phrases, Talk};

pub(super) static POLISH: Phrases = Phrases {
    talk: Talk {
        hello: "Cześć.",
        what_it_is: "Jestem offline/recall, model offline wbudowany w OpenClaw. Nie jestem modelem językowym: nie umiem rozmawiać, wnioskować ani pisać. Pracuję z notatkami w twoim katalogu roboczym:\n\n- powiedz „zapamiętaj, że …”, a zapiszę to w dzisiejszym pliku;\n- zadaj pytanie, a zacytuję najlepiej pasujące wiersze notatek z ich miejscem;\n- powiedz „co zanotowałem o …” albo „ile notatek o …”, by dostać listę;\n- powiedz „zapomnij o …”, a pokażę wiersze i zapytam, zanim je usunę.",
        configure: "Aby używać modelu językowego, ustaw OPENAI_API_KEY przed uruchomieniem bramy albo dodaj serwer w models.providers w openclaw.json i podaj jego model w agents.defaults.model.primary. Zobacz docs/models.md.",
        welcome: "Nie ma za co. Pytaj o swoje notatki, kiedy chcesz.",
        no_words: "Nie ma w tym nic, co mógłbym znaleźć w twoich notatkach. Zapytaj o coś z nazwy albo powiedz „zapamiętaj, że …”. Powiedz „pomoc”, by zobaczyć, czym jestem.",
        hint: "(offline/recall, wbudowany model offline: cytuje twoje notatki. Aby używać modelu językowego, ustaw OPENAI_API_KEY lub models.providers w openclaw.json; zobacz docs/models.md.)",
    },
    noting: Noting {
        what: "Co mam zanotować? Powiedz to w jednej wiadomości, na przykład: zapamiętaj, że Anna ma zapasowy klucz.",
        noted: "Zanotowano w {}: {}",
        failed: "Nie udało się zapisać {}: {}. Nic nie zanotowano; usuń przyczynę i powiedz to jeszcze raz.",
    },
    finding: Finding {
        from_notes: "Z twoich notatek:",
        closest: "Nie ma jasnej odpowiedzi. Najbliższe w twoich notatkach:",
        from_talks: "Z wcześniejszej rozmowy:",
        closest_talks: "Nie ma jasnej odpowiedzi. Najbliższe we wcześniejszych rozmowach:",
        nothing: "W twoich notatkach nie ma nic o „{}”{}. Spróbuj innych słów albo powiedz mi: „zapamiętaj, że …”.",
        failed: "Przeszukiwanie notatek nie powiodło się: {}. `openclaw memory status` pokaże, co jest nie tak.",
        missing_tool: "Nie mogę tego zrobić: narzędzie „{}” nie jest dostępne w tej sesji. Sprawdź sekcję tools w openclaw.json.",
        gave_up: "Przerywam po kilku wywołaniach narzędzi. Zapytaj ponownie innymi słowami.",
        count: "Znalezione wiersze: {}; pliki: {}.",
        part: "Pokazane wiersze: {}. Może być ich więcej; zapytaj o coś węższego.",
    },
    forgetting: Forgetting {
        ask: "Czy usunąć te wiersze z twoich notatek?",
        confirm: "Odpowiedz „tak”, a znikną dokładnie te wiersze; każda inna odpowiedź je zostawia.",
        which: "Które notatki? Powiedz to w jednej wiadomości, na przykład: zapomnij o kodzie do garażu.",
        kept: "Nic nie usunięto.",
        removed: "Usunięto z twoich notatek:",
        back: "Nadal są w tej rozmowie. Aby coś przywrócić, powiedz „zapamiętaj, że …”.",
        changed: "Zostawiono, bo plik się od tego czasu zmienił:",
        anew: "Notatki zmieniły się od tego czasu, więc nic nie usunięto. Teraz wyglądają tak.",
        failed: "Zostawiono ({}):",
    },
};

pub(super) static RUSSIAN: Phrases = Phrases {
    talk: Talk {
        hello: "Здравствуйте.",
        what_it_is: "Я offline/recall, встроенная в OpenClaw автономная модель. Я не языковая модель: я не умею беседовать, рассуждать и сочинять. Я работаю с заметками в вашем рабочем каталоге:\n\n- скажите «запомни, что …», и я запишу это в сегодняшний файл;\n- задайте вопрос, и я процитирую самые подходящие строки заметок с указанием места;\n- скажите «что я записал о …» или «сколько заметок о …», чтобы получить список;\n- скажите «забудь …», и я покажу строки и спрошу, прежде чем удалить их.",
        configure: "Чтобы пользоваться языковой моделью, задайте OPENAI_API_KEY перед запуском шлюза или добавьте сервер в models.providers в openclaw.json и укажите его модель в agents.defaults.model.primary. См. docs/models.md.",
        welcome: "Пожалуйста. Спрашивайте о своих заметках в любое время.",
        no_words: "Здесь нет ничего, что я мог бы найти в ваших заметках. Спросите о чём-нибудь по имени или скажите «запомни, что …». Скажите «помощь», чтобы узнать, что я такое.",
        hint: "(offline/recall, встроенная автономная модель: она цитирует ваши заметки. Чтобы пользоваться языковой моделью, задайте OPENAI_API_KEY или models.providers в openclaw.json; см. docs/models.md.)",
    },
    noting: Noting {
        what: "Что записать? Скажите это одним сообщением, например: запомни, что запасной ключ у Анны.",
        noted: "Записано в {}: {}",
        failed: "Не удалось записать {}: {}. Ничего не записано; устраните причину и повторите.",
    },
    finding: Finding {
        from_notes: "Из ваших заметок:",
        closest: "Ясного ответа нет. Ближе всего в ваших заметках:",
        from_talks: "Из прежнего разговора:",
        closest_talks: "Ясного ответа нет. Ближе всего в прежних разговорах:",
        nothing: "В ваших заметках ничего нет о «{}»{}. Попробуйте другие слова или скажите мне «запомни, что …».",
        failed: "Поиск в заметках не удался: {}. `openclaw memory status` покажет, что не так.",
        missing_tool: "Я не могу этого сделать: инструмент «{}» недоступен в этом сеансе. Проверьте раздел tools в openclaw.json.",
        gave_up: "Я остановился после нескольких вызовов инструментов. Спросите ещё раз другими словами.",
        count: "Найдено строк: {}; файлов: {}.",
        part: "Показано строк: {}. Их может быть больше; спросите о чём-нибудь более узком.",
    },
    forgetting: Forgetting {
        ask: "Удалить эти строки из ваших заметок?",
        confirm: "Ответьте «да», и исчезнут именно эти строки; при любом другом ответе они останутся.",
        which: "Какие заметки? Скажите это одним сообщением, например: забудь код от гаража.",
        kept: "Ничего не удалено.",
        removed: "Удалено из ваших заметок:",
        back: "В этом разговоре они остались. Чтобы вернуть что-то, скажите «запомни, что …».",
        changed: "Оставлено как есть, потому что файл с тех пор изменился:",
        anew: "С тех пор заметки изменились, поэтому ничего не удалено. Сейчас они такие.",
        failed: "Оставлено как есть ({}):",
    },
};

pub(super) static CHINESE: Phrases = Phrases {
    talk: Talk {
        hello: "你好。",
        what_it_is: "我是 offline/recall，OpenClaw 内置的离线模型。我不是语言模型：不会聊天、推理或写作。我处理你工作区里的笔记：\n\n- 说“记住……”，我就写进今天的文件；\n- 提问，我就引用最合适的笔记行，并注明位置；\n- 说“列出关于……的笔记”或“有多少条关于……的笔记”，我就列出来；\n- 说“忘记……”，我会先给你看这些行并询问，再删除。",
        configure: "要使用语言模型，请在启动网关前设置 OPENAI_API_KEY，或在 openclaw.json 的 models.providers 下添加服务器，并在 agents.defaults.model.primary 中写上它的模型。见 docs/models.md。",
        welcome: "不客气。随时可以问我你的笔记。",
        no_words: "这里没有可以在笔记中查找的内容。请具体地问，或说“记住……”。说“帮助”可以了解我是什么。",
        hint: "（offline/recall，内置的离线模型：它引用你的笔记。要使用语言模型，请在 openclaw.json 中设置 models.providers，或设置 OPENAI_API_KEY；见 docs/models.md。）",
    },
    noting: Noting {
        what: "要记什么？请在一条消息里说完，例如：记住备用钥匙在安娜那里。",
        noted: "已记入 {}：{}",
        failed: "无法写入 {}：{}。什么也没有记下；请排除原因后再说一次。",
    },
    finding: Finding {
        from_notes: "来自你的笔记：",
        closest: "没有找到明确的答案。笔记中最接近的是：",
        from_talks: "来自以前的对话：",
        closest_talks: "没有找到明确的答案。以前的对话中最接近的是：",
        nothing: "在你的笔记中没有找到关于“{}”的内容{}。换个说法试试，或用“记住……”告诉我。",
        failed: "搜索笔记失败：{}。运行 `openclaw memory status` 查看原因。",
        missing_tool: "我做不到：这个会话中没有工具“{}”。请检查 openclaw.json 的 tools 部分。",
        gave_up: "多次调用工具后仍无进展，我停下了。请换个说法再问。",
        count: "找到的行数：{}；文件数：{}。",
        part: "显示的行数：{}。可能还有更多；请问得更具体一些。",
    },
    forgetting: Forgetting {
        ask: "要从你的笔记中删除这些行吗？",
        confirm: "回答“是”，就只删除这些行；其他任何回答都会保留它们。",
        which: "哪些笔记？请在一条消息里说完，例如：忘记车库的密码。",
        kept: "什么也没有删除。",
        removed: "已从你的笔记中删除：",
        back: "它们仍在这次对话中。要恢复，请说“记住……”。",
        changed: "保留未动，因为文件后来有了变化：",
        anew: "笔记后来有了变化，所以什么也没有删除。现在是这样的。",
        failed: "保留未动（{}）：",
    },
};

pub(super) static JAPANESE: Phrases = Phrases {
    talk: Talk {
        hello: "こんにちは。",
        what_it_is: "私は offline/recall、OpenClaw に内蔵されたオフラインモデルです。言語モデルではないので、会話や推論、文章の作成はできません。ワークスペースのメモを扱います。\n\n- 「メモ：…」と言えば、今日のファイルに書きます。\n- 質問すれば、いちばん合うメモの行を場所とともに引用します。\n- 「…についてのメモを全部見せて」や「…についてのメモは何件」と言えば、一覧を出します。\n- 「…を忘れて」と言えば、行を見せて、消す前に確認します。",
        configure: "言語モデルを使うには、ゲートウェイを起動する前に OPENAI_API_KEY を設定するか、openclaw.json の models.providers にサーバーを追加し、agents.defaults.model.primary にモデルを書いてください。docs/models.md を参照。",
        welcome: "どういたしまして。いつでもメモについて聞いてください。",
        no_words: "メモの中で調べられる言葉がありません。具体的に聞くか、「メモ：…」と言ってください。「ヘルプ」で私の説明を表示します。",
        hint: "（offline/recall、内蔵のオフラインモデル：メモを引用します。言語モデルを使うには OPENAI_API_KEY か openclaw.json の models.providers を設定してください。docs/models.md を参照。）",
    },
    noting: Noting {
        what: "何をメモしますか。一つのメッセージで言ってください。例：メモ：予備の鍵はアンナが持っている。",
        noted: "{} にメモしました：{}",
        failed: "{} に書けませんでした：{}。何もメモしていません。原因を直して、もう一度言ってください。",
    },
    finding: Finding {
        from_notes: "メモより：",
        closest: "はっきりした答えは見つかりませんでした。メモの中でいちばん近いもの：",
        from_talks: "以前の会話より：",
        closest_talks: "はっきりした答えは見つかりませんでした。以前の会話の中でいちばん近いもの：",
        nothing: "「{}」についてのメモは見つかりませんでした{}。別の言葉で試すか、「メモ：…」で教えてください。",
        failed: "メモの検索に失敗しました：{}。`openclaw memory status` で原因を確認してください。",
        missing_tool: "できません。このセッションではツール「{}」が使えません。openclaw.json の tools を確認してください。",
        gave_up: "ツールを何度か呼び出しましたが進まないので、止めました。別の言葉で聞いてください。",
        count: "見つかった行：{}、ファイル：{}。",
        part: "表示した行：{}。ほかにもあるかもしれません。もっと絞って聞いてください。",
    },
    forgetting: Forgetting {
        ask: "これらの行をメモから消しますか。",
        confirm: "「はい」と答えると、これらの行だけを消します。ほかの答えなら残します。",
        which: "どのメモですか。一つのメッセージで言ってください。例：車庫の暗証番号を忘れて。",
        kept: "何も消していません。",
        removed: "メモから消しました：",
        back: "この会話には残っています。戻すには「メモ：…」と言ってください。",
        changed: "その後ファイルが変わったので、残しました：",
        anew: "その後メモが変わったので、何も消していません。今は次のとおりです。",
        failed: "残しました（{}）：",
    },
};
