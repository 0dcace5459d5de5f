//! Phrases: French, Spanish, Italian and Portuguese.

use super::table::{Finding, Forgetting, Noting, Phrases, Talk};

pub(super) static FRENCH: Phrases = Phrases {
    talk: Talk {
        hello: "Bonjour.",
        what_it_is: "Je suis offline/recall, le modèle hors ligne intégré à OpenClaw. Je ne suis pas un modèle de langage : je ne sais ni bavarder, ni raisonner, ni rédiger. Je travaille avec les notes de ton espace de travail :\n\n- dis « retiens que … » et je l'écris dans le fichier du jour ;\n- pose une question et je cite les lignes de tes notes qui conviennent le mieux, avec leur emplacement ;\n- dis « qu'est-ce que j'ai noté sur … » ou « combien de notes sur … » pour une liste ;\n- dis « oublie … » et je montre les lignes et demande avant de les supprimer.",
        configure: "Pour un modèle de langage, définis OPENAI_API_KEY avant de démarrer la passerelle, ou ajoute un serveur sous models.providers dans openclaw.json et nomme son modèle dans agents.defaults.model.primary. Voir docs/models.md.",
        welcome: "De rien. Interroge-moi sur tes notes quand tu veux.",
        no_words: "Il n'y a là rien que je puisse chercher dans tes notes. Nomme ce que tu cherches, ou dis « retiens que … ». Dis « aide » pour voir ce que je suis.",
        hint: "(offline/recall, le modèle hors ligne intégré : il cite tes notes. Pour un modèle de langage, définis OPENAI_API_KEY ou models.providers dans openclaw.json ; voir docs/models.md.)",
    },
    noting: Noting {
        what: "Que dois-je noter ? Dis-le en un seul message, par exemple : retiens que le double de la clé est chez Anna.",
        noted: "Noté dans {} : {}",
        failed: "Je n'ai pas pu écrire {} : {}. Rien n'a été noté ; corrige la cause et redis-le.",
    },
    finding: Finding {
        from_notes: "D'après tes notes :",
        closest: "Je n'ai pas trouvé de réponse claire. Le plus proche dans tes notes :",
        from_talks: "D'une conversation précédente :",
        closest_talks: "Je n'ai pas trouvé de réponse claire. Le plus proche dans des conversations précédentes :",
        nothing: "Je n'ai rien trouvé sur « {} » dans tes notes{}. Essaie d'autres mots, ou dis-le-moi avec « retiens que … ».",
        failed: "La recherche dans tes notes a échoué : {}. `openclaw memory status` montre ce qui ne va pas.",
        missing_tool: "Je ne peux pas le faire : l'outil « {} » n'est pas disponible dans cette session. Vérifie la section tools de openclaw.json.",
        gave_up: "Je me suis arrêté après plusieurs appels d'outils. Redemande avec d'autres mots.",
        count: "Lignes trouvées dans tes notes : {} ; fichiers : {}.",
        part: "Lignes montrées : {}. Il peut y en avoir d'autres ; précise ta demande.",
    },
    forgetting: Forgetting {
        ask: "Dois-je supprimer ces lignes de tes notes ?",
        confirm: "Réponds « oui » et exactement ces lignes disparaissent ; toute autre réponse les garde.",
        which: "Quelles notes ? Dis-le en un seul message, par exemple : oublie le code du garage.",
        kept: "Rien n'a été supprimé.",
        removed: "Supprimé de tes notes :",
        back: "Elles restent dans cette conversation. Pour en récupérer une, dis « retiens que … ».",
        changed: "Laissé tel quel, car le fichier a changé entre-temps :",
        anew: "Les notes ont changé entre-temps, rien n'a donc été supprimé. Voici ce qu'elles disent maintenant.",
        failed: "Laissé tel quel ({}) :",
    },
};

pub(super) static SPANISH: Phrases = Phrases {
    talk: Talk {
        hello: "Hola.",
        what_it_is: "Soy offline/recall, el modelo sin conexión integrado en OpenClaw. No soy un modelo de lenguaje: no puedo charlar, razonar ni redactar. Trabajo con las notas de tu espacio de trabajo:\n\n- di «recuerda que …» y lo escribo en el archivo de hoy;\n- haz una pregunta y cito las líneas de tus notas que mejor encajan, con su lugar;\n- di «qué anoté sobre …» o «cuántas notas sobre …» para una lista;\n- di «olvida …» y muestro las líneas y pregunto antes de quitarlas.",
        configure: "Para usar un modelo de lenguaje, define OPENAI_API_KEY antes de iniciar el gateway, o añade un servidor en models.providers de openclaw.json y nombra su modelo en agents.defaults.model.primary. Consulta docs/models.md.",
        welcome: "De nada. Pregúntame por tus notas cuando quieras.",
        no_words: "Ahí no hay nada que pueda buscar en tus notas. Pregunta por algo concreto o di «recuerda que …». Di «ayuda» para ver qué soy.",
        hint: "(offline/recall, el modelo sin conexión integrado: cita tus notas. Para usar un modelo de lenguaje, define OPENAI_API_KEY o models.providers en openclaw.json; consulta docs/models.md.)",
    },
    noting: Noting {
        what: "¿Qué debo anotar? Dilo en un solo mensaje, por ejemplo: recuerda que Ana tiene la llave de repuesto.",
        noted: "Anotado en {}: {}",
        failed: "No pude escribir {}: {}. No se anotó nada; corrige la causa y dilo otra vez.",
    },
    finding: Finding {
        from_notes: "De tus notas:",
        closest: "No encontré una respuesta clara. Lo más cercano en tus notas:",
        from_talks: "De una conversación anterior:",
        closest_talks: "No encontré una respuesta clara. Lo más cercano en conversaciones anteriores:",
        nothing: "No encontré nada sobre «{}» en tus notas{}. Prueba con otras palabras, o dímelo con «recuerda que …».",
        failed: "La búsqueda en tus notas falló: {}. `openclaw memory status` muestra qué ocurre.",
        missing_tool: "No puedo hacerlo: la herramienta «{}» no está disponible en esta sesión. Revisa la sección tools de openclaw.json.",
        gave_up: "Me detuve tras varias llamadas a herramientas. Pregunta otra vez con otras palabras.",
        count: "Líneas encontradas en tus notas: {}; archivos: {}.",
        part: "Líneas mostradas: {}. Puede haber más; pregunta por algo más concreto.",
    },
    forgetting: Forgetting {
        ask: "¿Quito estas líneas de tus notas?",
        confirm: "Responde «sí» y se quitan exactamente estas líneas; con cualquier otra respuesta se quedan.",
        which: "¿Qué notas? Dilo en un solo mensaje, por ejemplo: olvida el código del garaje.",
        kept: "No se quitó nada.",
        removed: "Quitado de tus notas:",
        back: "Siguen en esta conversación. Para recuperar una, di «recuerda que …».",
        changed: "Sin cambios, porque el archivo cambió entretanto:",
        anew: "Las notas cambiaron entretanto, así que no se quitó nada. Ahora dicen esto.",
        failed: "Sin cambios ({}):",
    },
};

pub(super) static ITALIAN: Phrases = Phrases {
    talk: Talk {
        hello: "Ciao.",
        what_it_is: "Sono offline/recall, il modello offline integrato in OpenClaw. Non sono un modello linguistico: non so chiacchierare, ragionare o scrivere testi. Lavoro con le note del tuo workspace:\n\n- di' «ricorda che …» e lo scrivo nel file di oggi;\n- fai una domanda e cito le righe delle tue note più adatte, con la loro posizione;\n- di' «che cosa ho annotato su …» o «quante note su …» per un elenco;\n- di' «dimentica …» e mostro le righe e chiedo prima di toglierle.",
        configure: "Per usare un modello linguistico, imposta OPENAI_API_KEY prima di avviare il gateway, o aggiungi un server in models.providers di openclaw.json e indica il suo modello in agents.defaults.model.primary. Vedi docs/models.md.",
        welcome: "Prego. Chiedimi delle tue note quando vuoi.",
        no_words: "Non c'è nulla che io possa cercare nelle tue note. Chiedi di qualcosa per nome, o di' «ricorda che …». Di' «aiuto» per vedere che cosa sono.",
        hint: "(offline/recall, il modello offline integrato: cita le tue note. Per usare un modello linguistico, imposta OPENAI_API_KEY o models.providers in openclaw.json; vedi docs/models.md.)",
    },
    noting: Noting {
        what: "Che cosa devo annotare? Dillo in un solo messaggio, per esempio: ricorda che Anna ha la chiave di riserva.",
        noted: "Annotato in {}: {}",
        failed: "Non ho potuto scrivere {}: {}. Non è stato annotato nulla; correggi la causa e ripetilo.",
    },
    finding: Finding {
        from_notes: "Dalle tue note:",
        closest: "Non ho trovato una risposta chiara. La più vicina nelle tue note:",
        from_talks: "Da una conversazione precedente:",
        closest_talks: "Non ho trovato una risposta chiara. La cosa più vicina in conversazioni precedenti:",
        nothing: "Non ho trovato nulla su «{}» nelle tue note{}. Prova con altre parole, o dimmelo con «ricorda che …».",
        failed: "La ricerca nelle tue note non è riuscita: {}. `openclaw memory status` mostra la causa.",
        missing_tool: "Non posso farlo: lo strumento «{}» non è disponibile in questa sessione. Controlla la sezione tools di openclaw.json.",
        gave_up: "Mi sono fermato dopo diverse chiamate agli strumenti. Chiedi di nuovo con altre parole.",
        count: "Righe trovate nelle tue note: {}; file: {}.",
        part: "Righe mostrate: {}. Possono essercene altre; chiedi qualcosa di più preciso.",
    },
    forgetting: Forgetting {
        ask: "Devo togliere queste righe dalle tue note?",
        confirm: "Rispondi «sì» e vengono tolte esattamente queste righe; con qualsiasi altra risposta restano.",
        which: "Quali note? Dillo in un solo messaggio, per esempio: dimentica il codice del garage.",
        kept: "Non è stato tolto nulla.",
        removed: "Tolto dalle tue note:",
        back: "Restano in questa conversazione. Per riaverne una, di' «ricorda che …».",
        changed: "Lasciato com'è, perché nel frattempo il file è cambiato:",
        anew: "Nel frattempo le note sono cambiate, perciò non è stato tolto nulla. Ora dicono questo.",
        failed: "Lasciato com'è ({}):",
    },
};

pub(super) static PORTUGUESE: Phrases = Phrases {
    talk: Talk {
        hello: "Olá.",
        what_it_is: "Sou o offline/recall, o modelo offline integrado no OpenClaw. Não sou um modelo de linguagem: não sei conversar, raciocinar nem redigir. Trabalho com as notas do seu espaço de trabalho:\n\n- diga “lembre que …” e eu escrevo no ficheiro de hoje;\n- faça uma pergunta e eu cito as linhas das suas notas que melhor servem, com o seu lugar;\n- diga “o que anotei sobre …” ou “quantas notas sobre …” para uma lista;\n- diga “esqueça …” e eu mostro as linhas e pergunto antes de as remover.",
        configure: "Para usar um modelo de linguagem, defina OPENAI_API_KEY antes de iniciar o gateway, ou acrescente um servidor em models.providers no openclaw.json e indique o seu modelo em agents.defaults.model.primary. Veja docs/models.md.",
        welcome: "De nada. Pergunte-me sobre as suas notas quando quiser.",
        no_words: "Não há aí nada que eu possa procurar nas suas notas. Pergunte por algo concreto, ou diga “lembre que …”. Diga “ajuda” para ver o que sou.",
        hint: "(offline/recall, o modelo offline integrado: cita as suas notas. Para usar um modelo de linguagem, defina OPENAI_API_KEY ou models.providers no openclaw.json; veja docs/models.md.)",
    },
    noting: Noting {
        what: "O que devo anotar? Diga numa só mensagem, por exemplo: lembre que a Ana tem a chave de reserva.",
        noted: "Anotado em {}: {}",
        failed: "Não consegui escrever {}: {}. Nada foi anotado; corrija a causa e diga de novo.",
    },
    finding: Finding {
        from_notes: "Das suas notas:",
        closest: "Não encontrei uma resposta clara. O mais próximo nas suas notas:",
        from_talks: "De uma conversa anterior:",
        closest_talks: "Não encontrei uma resposta clara. O mais próximo em conversas anteriores:",
        nothing: "Não encontrei nada sobre “{}” nas suas notas{}. Tente outras palavras, ou diga-me com “lembre que …”.",
        failed: "A procura nas suas notas falhou: {}. `openclaw memory status` mostra a causa.",
        missing_tool: "Não posso fazer isso: a ferramenta “{}” não está disponível nesta sessão. Veja a secção tools do openclaw.json.",
        gave_up: "Parei depois de várias chamadas de ferramentas. Pergunte de novo com outras palavras.",
        count: "Linhas encontradas nas suas notas: {}; ficheiros: {}.",
        part: "Linhas mostradas: {}. Pode haver mais; pergunte por algo mais concreto.",
    },
    forgetting: Forgetting {
        ask: "Devo remover estas linhas das suas notas?",
        confirm: "Responda “sim” e são removidas exatamente estas linhas; com qualquer outra resposta ficam.",
        which: "Que notas? Diga numa só mensagem, por exemplo: esqueça o código da garagem.",
        kept: "Nada foi removido.",
        removed: "Removido das suas notas:",
        back: "Continuam nesta conversa. Para recuperar uma, diga “lembre que …”.",
        changed: "Ficou como está, porque o ficheiro mudou entretanto:",
        anew: "As notas mudaram entretanto, por isso nada foi removido. Agora dizem isto.",
        failed: "Ficou como está ({}):",
    },
};
