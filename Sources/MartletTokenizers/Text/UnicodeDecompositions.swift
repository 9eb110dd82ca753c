// Decompositions and the order of marks, written by tools/unicode/make_tables.py; do not edit.

/// Numbers in base 36, as in `tokenizers` 0.23.3.
enum UnicodeDecompositions {
    /// Scalar, number of parts (100 more where NFC makes it again), parts.
    static let canonical: StaticString = """
        5c 2u 1t lc 5d 2u 1t ld 5e 2u 1t le 5f 2u 1t lf 5g 2u 1t lk 5h 2u 1t lm 5j 2u 1v mf 5k 2u 1x lc 5l 2u 1x ld 5m 2u 1x le 5n 2u 1x lk 5o 2u 21 lc 5p 2u 21 ld 5q 2u 21 le 5r 2u 21 lk \
        5t 2u 26 lf 5u 2u 27 lc 5v 2u 27 ld 5w 2u 27 le 5x 2u 27 lf 5y 2u 27 lk 61 2u 2d lc 62 2u 2d ld 63 2u 2d le 64 2u 2d lk 65 2u 2h ld 68 2u 2p lc 69 2u 2p ld 6a 2u 2p le 6b 2u 2p lf \
        6c 2u 2p lk 6d 2u 2p lm 6f 2u 2r mf 6g 2u 2t lc 6h 2u 2t ld 6i 2u 2t le 6j 2u 2t lk 6k 2u 2x lc 6l 2u 2x ld 6m 2u 2x le 6n 2u 2x lk 6p 2u 32 lf 6q 2u 33 lc 6r 2u 33 ld 6s 2u 33 le \
        6t 2u 33 lf 6u 2u 33 lk 6x 2u 39 lc 6y 2u 39 ld 6z 2u 39 le 70 2u 39 lk 71 2u 3d ld 73 2u 3d lk 74 2u 1t lg 75 2u 2p lg 76 2u 1t li 77 2u 2p li 78 2u 1t mg 79 2u 2p mg 7a 2u 1v ld \
        7b 2u 2r ld 7c 2u 1v le 7d 2u 2r le 7e 2u 1v lj 7f 2u 2r lj 7g 2u 1v lo 7h 2u 2r lo 7i 2u 1w lo 7j 2u 2s lo 7m 2u 1x lg 7n 2u 2t lg 7o 2u 1x li 7p 2u 2t li 7q 2u 1x lj 7r 2u 2t lj \
        7s 2u 1x mg 7t 2u 2t mg 7u 2u 1x lo 7v 2u 2t lo 7w 2u 1z le 7x 2u 2v le 7y 2u 1z li 7z 2u 2v li 80 2u 1z lj 81 2u 2v lj 82 2u 1z mf 83 2u 2v mf 84 2u 20 le 85 2u 2w le 88 2u 21 lf \
        89 2u 2x lf 8a 2u 21 lg 8b 2u 2x lg 8c 2u 21 li 8d 2u 2x li 8e 2u 21 mg 8f 2u 2x mg 8g 2u 21 lj 8k 2u 22 le 8l 2u 2y le 8m 2u 23 mf 8n 2u 2z mf 8p 2u 24 ld 8q 2u 30 ld 8r 2u 24 mf \
        8s 2u 30 mf 8t 2u 24 lo 8u 2u 30 lo 8z 2u 26 ld 90 2u 32 ld 91 2u 26 mf 92 2u 32 mf 93 2u 26 lo 94 2u 32 lo 98 2u 27 lg 99 2u 33 lg 9a 2u 27 li 9b 2u 33 li 9c 2u 27 ln 9d 2u 33 ln \
        9g 2u 2a ld 9h 2u 36 ld 9i 2u 2a mf 9j 2u 36 mf 9k 2u 2a lo 9l 2u 36 lo 9m 2u 2b ld 9n 2u 37 ld 9o 2u 2b le 9p 2u 37 le 9q 2u 2b mf 9r 2u 37 mf 9s 2u 2b lo 9t 2u 37 lo 9u 2u 2c mf \
        9v 2u 38 mf 9w 2u 2c lo 9x 2u 38 lo a0 2u 2d lf a1 2u 39 lf a2 2u 2d lg a3 2u 39 lg a4 2u 2d li a5 2u 39 li a6 2u 2d lm a7 2u 39 lm a8 2u 2d ln a9 2u 39 ln aa 2u 2d mg ab 2u 39 mg \
        ac 2u 2f le ad 2u 3b le ae 2u 2h le af 2u 3d le ag 2u 2h lk ah 2u 2i ld ai 2u 3e ld aj 2u 2i lj ak 2u 3e lj al 2u 2i lo am 2u 3e lo bk 2u 27 m3 bl 2u 33 m3 bz 2u 2d m3 c0 2u 39 m3 \
        ct 2u 1t lo cu 2u 2p lo cv 2u 21 lo cw 2u 2x lo cx 2u 27 lo cy 2u 33 lo cz 2u 2d lo d0 2u 39 lo d1 2v 2d lk lg d2 2v 39 lk lg d3 2v 2d lk ld d4 2v 39 lk ld d5 2v 2d lk lo d6 2v 39 \
        lk lo d7 2v 2d lk lc d8 2v 39 lk lc da 2v 1t lk lg db 2v 2p lk lg dc 2v 1t lj lg dd 2v 2p lj lg de 2u 5i lg df 2u 6e lg di 2u 1z lo dj 2u 2v lo dk 2u 23 lo dl 2u 2z lo dm 2u 27 mg \
        dn 2u 33 mg do 2v 27 mg lg dp 2v 33 mg lg dq 2u c7 lo dr 2u ia lo ds 2u 2y lo dw 2u 1z ld dx 2u 2v ld e0 2u 26 lc e1 2u 32 lc e2 2v 1t lm ld e3 2v 2p lm ld e4 2u 5i ld e5 2u 6e ld \
        e6 2u 60 ld e7 2u 6w ld e8 2u 1t lr e9 2u 2p lr ea 2u 1t lt eb 2u 2p lt ec 2u 1x lr ed 2u 2t lr ee 2u 1x lt ef 2u 2t lt eg 2u 21 lr eh 2u 2x lr ei 2u 21 lt ej 2u 2x lt ek 2u 27 lr \
        el 2u 33 lr em 2u 27 lt en 2u 33 lt eo 2u 2a lr ep 2u 36 lr eq 2u 2a lt er 2u 36 lt es 2u 2d lr et 2u 39 lr eu 2u 2d lt ev 2u 39 lt ew 2u 2b me ex 2u 37 me ey 2u 2c me ez 2u 38 me \
        f2 2u 20 lo f3 2u 2w lo fa 2u 1t lj fb 2u 2p lj fc 2u 1x mf fd 2u 2t mf fe 2v 27 lk lg ff 2v 33 lk lg fg 2v 27 lf lg fh 2v 33 lf lg fi 2u 27 lj fj 2u 33 lj fk 2v 27 lj lg fl 2v 33 \
        lj lg fm 2u 2h lg fn 2u 3d lg n4 1 lc n5 1 ld n7 1 lv n8 2 lk ld ok 1 jd ou 1 1n p1 2u 4o ld p2 2u pd ld p3 1 53 p4 2u ph ld p5 2u pj ld p6 2u pl ld p8 2u pr ld pa 2u px ld pb 2u \
        q1 ld pc 2v qh lk ld q2 2u pl lk q3 2u px lk q4 2u q9 ld q5 2u qd ld q6 2u qf ld q7 2u qh ld q8 2v qt lk ld qy 2u qh lk qz 2u qt lk r0 2u qn ld r1 2u qt ld r2 2u qx ld r7 2u r6 ld \
        r8 2u r6 lk sg 2u t1 lc sh 2u t1 lk sj 2u sz ld sn 2u sm lk ss 2u t6 ld st 2u t4 lc su 2u tf li t5 2u t4 li u1 2u u0 li uo 2u tx lc up 2u tx lk ur 2u tv ld uv 2u uu lk v0 2u u2 ld \
        v1 2u u0 lc v2 2u ub li vq 2u vo lr vr 2u vp lr xt 2u t2 li xu 2u ty li y8 2u sw li y9 2u ts li ya 2u sw lk yb 2u ts lk ye 2u t1 li yf 2u tx li yi 2u yg lk yj 2u yh lk yk 2u t2 lk \
        yl 2u ty lk ym 2u t3 lk yn 2u tz lk yq 2u t4 lg yr 2u u0 lg ys 2u t4 lk yt 2u u0 lk yu 2u ta lk yv 2u u6 lk yy 2u yw lk yz 2u yx lk z0 2u tp lk z1 2u ul lk z2 2u tf lg z3 2u ub lg \
        z4 2u tf lk z5 2u ub lk z6 2u tf ln z7 2u ub ln z8 2u tj lk z9 2u uf lk zc 2u tn lk zd 2u uj lk 17m 2u 17r 18z 17n 2u 17r 190 17o 2u 18o 190 17p 2u 17r 191 17q 2u 18q 190 1c0 2u \
        1cl 190 1c2 2u 1c1 190 1cj 2u 1ci 190 1t5 2u 1t4 1to 1td 2u 1tc 1to 1tg 2u 1tf 1to 1ug 2 1sl 1to 1uh 2 1sm 1to 1ui 2 1sn 1to 1uj 2 1ss 1to 1uk 2 1sx 1to 1ul 2 1sy 1to 1um 2 1t7 \
        1to 1un 2 1tb 1to 1xn 2u 1xj 1xa 1xo 2u 1xj 1xz 1y4 2 1wh 1x8 1y5 2 1wi 1x8 1y7 2 1wv 1x8 20j 2 20i 20s 20m 2 20o 20s 21l 2 1zq 20s 21m 2 1zr 20s 21n 2 1zw 20s 21q 2 20b 20s 288 \
        2u 287 28m 28b 2u 287 27y 28c 2u 287 28n 28s 2 275 27w 28t 2 276 27w 2ac 2u 2aa 2c7 2bu 2u 2bq 2bi 2bv 2u 2br 2bi 2bw 2u 2bq 2c7 2fc 2u 2fa 2fq 2io 2u 2in 2j9 2iv 2u 2iu 2j9 2iw \
        2u 2iu 2ja 2iy 2u 2iu 2iq 2iz 2v 2iu 2iq 2j9 2mi 2u 2me 2m6 2mj 2u 2mf 2m6 2mk 2u 2me 2mv 2qi 2u 2qh 2q2 2qk 2u 2qh 2q7 2ql 2v 2qh 2q7 2q2 2qm 2u 2qh 2qn 30j 2 30i 33r 30t 2 30s \
        33r 30y 2 30x 33r 313 2 312 33r 318 2 317 33r 31l 2 30g 33p 31v 2 31t 31u 31x 2 31t 31w 31y 2 33m 328 320 2 33n 328 329 2 31t 328 32r 2 32q 33r 331 2 330 33r 336 2 335 33r 33b 2 \
        33a 33r 33g 2 33f 33r 33t 2 32o 33p 36u 2u 36t 372 5c6 2u 5c5 5dh 5c8 2u 5c7 5dh 5ca 2u 5c9 5dh 5cc 2u 5cb 5dh 5ce 2u 5cd 5dh 5ci 2u 5ch 5dh 5dn 2u 5dm 5dh 5dp 2u 5do 5dh 5ds 2u \
        5dq 5dh 5dt 2u 5dr 5dh 5dv 2u 5du 5dh 5xc 2u 1t md 5xd 2u 2p md 5xe 2u 1u lj 5xf 2u 2q lj 5xg 2u 1u mb 5xh 2u 2q mb 5xi 2u 1u mp 5xj 2u 2q mp 5xk 2v 1v mf ld 5xl 2v 2r mf ld 5xm \
        2u 1w lj 5xn 2u 2s lj 5xo 2u 1w mb 5xp 2u 2s mb 5xq 2u 1w mp 5xr 2u 2s mp 5xs 2u 1w mf 5xt 2u 2s mf 5xu 2u 1w ml 5xv 2u 2s ml 5xw 2v 1x lg lc 5xx 2v 2t lg lc 5xy 2v 1x lg ld 5xz \
        2v 2t lg ld 5y0 2u 1x ml 5y1 2u 2t ml 5y2 2u 1x mo 5y3 2u 2t mo 5y4 2v 1x mf li 5y5 2v 2t mf li 5y6 2u 1y lj 5y7 2u 2u lj 5y8 2u 1z lg 5y9 2u 2v lg 5ya 2u 20 lj 5yb 2u 2w lj 5yc \
        2u 20 mb 5yd 2u 2w mb 5ye 2u 20 lk 5yf 2u 2w lk 5yg 2u 20 mf 5yh 2u 2w mf 5yi 2u 20 mm 5yj 2u 2w mm 5yk 2u 21 mo 5yl 2u 2x mo 5ym 2v 21 lk ld 5yn 2v 2x lk ld 5yo 2u 23 ld 5yp 2u \
        2z ld 5yq 2u 23 mb 5yr 2u 2z mb 5ys 2u 23 mp 5yt 2u 2z mp 5yu 2u 24 mb 5yv 2u 30 mb 5yw 2v 24 mb lg 5yx 2v 30 mb lg 5yy 2u 24 mp 5yz 2u 30 mp 5z0 2u 24 ml 5z1 2u 30 ml 5z2 2u 25 \
        ld 5z3 2u 31 ld 5z4 2u 25 lj 5z5 2u 31 lj 5z6 2u 25 mb 5z7 2u 31 mb 5z8 2u 26 lj 5z9 2u 32 lj 5za 2u 26 mb 5zb 2u 32 mb 5zc 2u 26 mp 5zd 2u 32 mp 5ze 2u 26 ml 5zf 2u 32 ml 5zg 2v \
        27 lf ld 5zh 2v 33 lf ld 5zi 2v 27 lf lk 5zj 2v 33 lf lk 5zk 2v 27 lg lc 5zl 2v 33 lg lc 5zm 2v 27 lg ld 5zn 2v 33 lg ld 5zo 2u 28 ld 5zp 2u 34 ld 5zq 2u 28 lj 5zr 2u 34 lj 5zs 2u \
        2a lj 5zt 2u 36 lj 5zu 2u 2a mb 5zv 2u 36 mb 5zw 2v 2a mb lg 5zx 2v 36 mb lg 5zy 2u 2a mp 5zz 2u 36 mp 600 2u 2b lj 601 2u 37 lj 602 2u 2b mb 603 2u 37 mb 604 2v 2b ld lj 605 2v \
        37 ld lj 606 2v 2b lo lj 607 2v 37 lo lj 608 2v 2b mb lj 609 2v 37 mb lj 60a 2u 2c lj 60b 2u 38 lj 60c 2u 2c mb 60d 2u 38 mb 60e 2u 2c mp 60f 2u 38 mp 60g 2u 2c ml 60h 2u 38 ml \
        60i 2u 2d mc 60j 2u 39 mc 60k 2u 2d mo 60l 2u 39 mo 60m 2u 2d ml 60n 2u 39 ml 60o 2v 2d lf ld 60p 2v 39 lf ld 60q 2v 2d lg lk 60r 2v 39 lg lk 60s 2u 2e lf 60t 2u 3a lf 60u 2u 2e \
        mb 60v 2u 3a mb 60w 2u 2f lc 60x 2u 3b lc 60y 2u 2f ld 60z 2u 3b ld 610 2u 2f lk 611 2u 3b lk 612 2u 2f lj 613 2u 3b lj 614 2u 2f mb 615 2u 3b mb 616 2u 2g lj 617 2u 3c lj 618 2u \
        2g lk 619 2u 3c lk 61a 2u 2h lj 61b 2u 3d lj 61c 2u 2i le 61d 2u 3e le 61e 2u 2i mb 61f 2u 3e mb 61g 2u 2i mp 61h 2u 3e mp 61i 2u 2w mp 61j 2u 38 lk 61k 2u 3b lm 61l 2u 3d lm 61n \
        2u an lj 61s 2u 1t mb 61t 2u 2p mb 61u 2u 1t ll 61v 2u 2p ll 61w 2v 1t le ld 61x 2v 2p le ld 61y 2v 1t le lc 61z 2v 2p le lc 620 2v 1t le ll 621 2v 2p le ll 622 2v 1t le lf 623 2v \
        2p le lf 624 2v 1t mb le 625 2v 2p mb le 626 2v 1t li ld 627 2v 2p li ld 628 2v 1t li lc 629 2v 2p li lc 62a 2v 1t li ll 62b 2v 2p li ll 62c 2v 1t li lf 62d 2v 2p li lf 62e 2v 1t \
        mb li 62f 2v 2p mb li 62g 2u 1x mb 62h 2u 2t mb 62i 2u 1x ll 62j 2u 2t ll 62k 2u 1x lf 62l 2u 2t lf 62m 2v 1x le ld 62n 2v 2t le ld 62o 2v 1x le lc 62p 2v 2t le lc 62q 2v 1x le ll \
        62r 2v 2t le ll 62s 2v 1x le lf 62t 2v 2t le lf 62u 2v 1x mb le 62v 2v 2t mb le 62w 2u 21 ll 62x 2u 2x ll 62y 2u 21 mb 62z 2u 2x mb 630 2u 27 mb 631 2u 33 mb 632 2u 27 ll 633 2u \
        33 ll 634 2v 27 le ld 635 2v 33 le ld 636 2v 27 le lc 637 2v 33 le lc 638 2v 27 le ll 639 2v 33 le ll 63a 2v 27 le lf 63b 2v 33 le lf 63c 2v 27 mb le 63d 2v 33 mb le 63e 2v 27 m3 \
        ld 63f 2v 33 m3 ld 63g 2v 27 m3 lc 63h 2v 33 m3 lc 63i 2v 27 m3 ll 63j 2v 33 m3 ll 63k 2v 27 m3 lf 63l 2v 33 m3 lf 63m 2v 27 m3 mb 63n 2v 33 m3 mb 63o 2u 2d mb 63p 2u 39 mb 63q 2u \
        2d ll 63r 2u 39 ll 63s 2v 2d m3 ld 63t 2v 39 m3 ld 63u 2v 2d m3 lc 63v 2v 39 m3 lc 63w 2v 2d m3 ll 63x 2v 39 m3 ll 63y 2v 2d m3 lf 63z 2v 39 m3 lf 640 2v 2d m3 mb 641 2v 39 m3 mb \
        642 2u 2h lc 643 2u 3d lc 644 2u 2h mb 645 2u 3d mb 646 2u 2h ll 647 2u 3d ll 648 2u 2h lf 649 2u 3d lf 64g 2u q9 lv 64h 2u q9 lw 64i 2v q9 lv lc 64j 2v q9 lw lc 64k 2v q9 lv ld \
        64l 2v q9 lw ld 64m 2v q9 lv n6 64n 2v q9 lw n6 64o 2u pd lv 64p 2u pd lw 64q 2v pd lv lc 64r 2v pd lw lc 64s 2v pd lv ld 64t 2v pd lw ld 64u 2v pd lv n6 64v 2v pd lw n6 64w 2u qd \
        lv 64x 2u qd lw 64y 2v qd lv lc 64z 2v qd lw lc 650 2v qd lv ld 651 2v qd lw ld 654 2u ph lv 655 2u ph lw 656 2v ph lv lc 657 2v ph lw lc 658 2v ph lv ld 659 2v ph lw ld 65c 2u qf \
        lv 65d 2u qf lw 65e 2v qf lv lc 65f 2v qf lw lc 65g 2v qf lv ld 65h 2v qf lw ld 65i 2v qf lv n6 65j 2v qf lw n6 65k 2u pj lv 65l 2u pj lw 65m 2v pj lv lc 65n 2v pj lw lc 65o 2v pj \
        lv ld 65p 2v pj lw ld 65q 2v pj lv n6 65r 2v pj lw n6 65s 2u qh lv 65t 2u qh lw 65u 2v qh lv lc 65v 2v qh lw lc 65w 2v qh lv ld 65x 2v qh lw ld 65y 2v qh lv n6 65z 2v qh lw n6 660 \
        2u pl lv 661 2u pl lw 662 2v pl lv lc 663 2v pl lw lc 664 2v pl lv ld 665 2v pl lw ld 666 2v pl lv n6 667 2v pl lw n6 668 2u qn lv 669 2u qn lw 66a 2v qn lv lc 66b 2v qn lw lc 66c \
        2v qn lv ld 66d 2v qn lw ld 66g 2u pr lv 66h 2u pr lw 66i 2v pr lv lc 66j 2v pr lw lc 66k 2v pr lv ld 66l 2v pr lw ld 66o 2u qt lv 66p 2u qt lw 66q 2v qt lv lc 66r 2v qt lw lc 66s \
        2v qt lv ld 66t 2v qt lw ld 66u 2v qt lv n6 66v 2v qt lw n6 66x 2u px lw 66z 2v px lw lc 671 2v px lw ld 673 2v px lw n6 674 2u qx lv 675 2u qx lw 676 2v qx lv lc 677 2v qx lw lc \
        678 2v qx lv ld 679 2v qx lw ld 67a 2v qx lv n6 67b 2v qx lw n6 67c 2u q1 lv 67d 2u q1 lw 67e 2v q1 lv lc 67f 2v q1 lw lc 67g 2v q1 lv ld 67h 2v q1 lw ld 67i 2v q1 lv n6 67j 2v q1 \
        lw n6 67k 2u q9 lc 67l 2 q9 ld 67m 2u qd lc 67n 2 qd ld 67o 2u qf lc 67p 2 qf ld 67q 2u qh lc 67r 2 qh ld 67s 2u qn lc 67t 2 qn ld 67u 2u qt lc 67v 2 qt ld 67w 2u qx lc 67x 2 qx \
        ld 680 2v q9 lv n9 681 2v q9 lw n9 682 2w q9 lv lc n9 683 2w q9 lw lc n9 684 2w q9 lv ld n9 685 2w q9 lw ld n9 686 2w q9 lv n6 n9 687 2w q9 lw n6 n9 688 2v pd lv n9 689 2v pd lw \
        n9 68a 2w pd lv lc n9 68b 2w pd lw lc n9 68c 2w pd lv ld n9 68d 2w pd lw ld n9 68e 2w pd lv n6 n9 68f 2w pd lw n6 n9 68g 2v qf lv n9 68h 2v qf lw n9 68i 2w qf lv lc n9 68j 2w qf \
        lw lc n9 68k 2w qf lv ld n9 68l 2w qf lw ld n9 68m 2w qf lv n6 n9 68n 2w qf lw n6 n9 68o 2v pj lv n9 68p 2v pj lw n9 68q 2w pj lv lc n9 68r 2w pj lw lc n9 68s 2w pj lv ld n9 68t \
        2w pj lw ld n9 68u 2w pj lv n6 n9 68v 2w pj lw n6 n9 68w 2v qx lv n9 68x 2v qx lw n9 68y 2w qx lv lc n9 68z 2w qx lw lc n9 690 2w qx lv ld n9 691 2w qx lw ld n9 692 2w qx lv n6 n9 \
        693 2w qx lw n6 n9 694 2v q1 lv n9 695 2v q1 lw n9 696 2w q1 lv lc n9 697 2w q1 lw lc n9 698 2w q1 lv ld n9 699 2w q1 lw ld n9 69a 2w q1 lv n6 n9 69b 2w q1 lw n6 n9 69c 2u q9 li \
        69d 2u q9 lg 69e 2v q9 lc n9 69f 2u q9 n9 69g 2v q9 ld n9 69i 2u q9 n6 69j 2v q9 n6 n9 69k 2u pd li 69l 2u pd lg 69m 2u pd lc 69n 2 pd ld 69o 2u pd n9 69q 1 qh 69t 2u 4o n6 69u 2v \
        qf lc n9 69v 2u qf n9 69w 2v qf ld n9 69y 2u qf n6 69z 2v qf n6 n9 6a0 2u ph lc 6a1 2 ph ld 6a2 2u pj lc 6a3 2 pj ld 6a4 2u pj n9 6a5 2u 69r lc 6a6 2u 69r ld 6a7 2u 69r n6 6a8 2u \
        qh li 6a9 2u qh lg 6aa 2v qh lk lc 6ab 3 qh lk ld 6ae 2u qh n6 6af 2v qh lk n6 6ag 2u pl li 6ah 2u pl lg 6ai 2u pl lc 6aj 2 pl ld 6al 2u 6bi lc 6am 2u 6bi ld 6an 2u 6bi n6 6ao 2u \
        qt li 6ap 2u qt lg 6aq 2v qt lk lc 6ar 3 qt lk ld 6as 2u qp lv 6at 2u qp lw 6au 2u qt n6 6av 2v qt lk n6 6aw 2u px li 6ax 2u px lg 6ay 2u px lc 6az 2 px ld 6b0 2u pt lw 6b1 2u 4o \
        lc 6b2 2 4o ld 6b3 1 2o 6b6 2v qx lc n9 6b7 2u qx n9 6b8 2v qx ld n9 6ba 2u qx n6 6bb 2v qx n6 n9 6bc 2u pr lc 6bd 2 pr ld 6be 2u q1 lc 6bf 2 q1 ld 6bg 2u q1 n9 6bh 1 50 6bk 1 6bm \
        6bl 1 6bn 6jq 1 q1 6ju 1 23 6jv 2 1t lm 6my 2u 6mo mw 6mz 2u 6mq mw 6ni 2u 6ms mw 6od 2u 6og mw 6oe 2u 6ok mw 6of 2u 6oi mw 6pw 2u 6pv mw 6q1 2u 6q0 mw 6q4 2u 6q3 mw 6qs 2u 6qr mw \
        6qu 2u 6qt mw 6rl 2u 6rg mw 6ro 2u 6rn mw 6rr 2u 6rp mw 6rt 2u 6rs mw 6sg 2u 1p mw 6si 2u 6sh mw 6st 2u 6rx mw 6su 2u 1o mw 6sv 2u 1q mw 6sw 2u 6sk mw 6sx 2u 6sl mw 6t0 2u 6sy mw \
        6t1 2u 6sz mw 6t4 2u 6t2 mw 6t5 2u 6t3 mw 6tc 2u 6t6 mw 6td 2u 6t7 mw 6tg 2u 6te mw 6th 2u 6tf mw 6tk 2u 6ti mw 6tl 2u 6tj mw 6uk 2u 6ua mw 6ul 2u 6ug mw 6um 2u 6uh mw 6un 2u 6uj \
        mw 6w0 2u 6t8 mw 6w1 2u 6t9 mw 6w2 2u 6tt mw 6w3 2u 6tu mw 6wa 2u 6uq mw 6wb 2u 6ur mw 6wc 2u 6us mw 6wd 2u 6ut mw 6y1 1 9hk 6y2 1 9hl 8gs 2 8gt mw 9jg 2u 9jf 9ll 9ji 2u 9jh 9ll \
        9jk 2u 9jj 9ll 9jm 2u 9jl 9ll 9jo 2u 9jn 9ll 9jq 2u 9jp 9ll 9js 2u 9jr 9ll 9ju 2u 9jt 9ll 9jw 2u 9jv 9ll 9jy 2u 9jx 9ll 9k0 2u 9jz 9ll 9k2 2u 9k1 9ll 9k5 2u 9k4 9ll 9k7 2u 9k6 9ll \
        9k9 2u 9k8 9ll 9kg 2u 9kf 9ll 9kh 2u 9kf 9lm 9kj 2u 9ki 9ll 9kk 2u 9ki 9lm 9km 2u 9kl 9ll 9kn 2u 9kl 9lm 9kp 2u 9ko 9ll 9kq 2u 9ko 9lm 9ks 2u 9kr 9ll 9kt 2u 9kr 9lm 9lg 2u 9ja 9ll \
        9lq 2u 9lp 9ll 9m4 2u 9m3 9ll 9m6 2u 9m5 9ll 9m8 2u 9m7 9ll 9ma 2u 9m9 9ll 9mc 2u 9mb 9ll 9me 2u 9md 9ll 9mg 2u 9mf 9ll 9mi 2u 9mh 9ll 9mk 2u 9mj 9ll 9mm 2u 9ml 9ll 9mo 2u 9mn 9ll \
        9mq 2u 9mp 9ll 9mt 2u 9ms 9ll 9mv 2u 9mu 9ll 9mx 2u 9mw 9ll 9n4 2u 9n3 9ll 9n5 2u 9n3 9lm 9n7 2u 9n6 9ll 9n8 2u 9n6 9lm 9na 2u 9n9 9ll 9nb 2u 9n9 9lm 9nd 2u 9nc 9ll 9ne 2u 9nc 9lm \
        9ng 2u 9nf 9ll 9nh 2u 9nf 9lm 9o4 2u 9ly 9ll 9o7 2u 9nz 9ll 9o8 2u 9o0 9ll 9o9 2u 9o1 9ll 9oa 2u 9o2 9ll 9oe 2u 9od 9ll 1d6o 1 rpk 1d6p 1 kc4 1d6q 1 s7e 1d6r 1 rt4 1d6s 1 lw1 1d6t \
        1 fg2 1d6u 1 gkl 1d6v 1 vj0 1d6w 1 vj0 1d6x 1 hn5 1d6y 1 ssx 1d6z 1 gw7 1d70 1 hmw 1d71 1 jcm 1d72 1 ne1 1d73 1 p6t 1d74 1 qin 1d75 1 qt6 1d76 1 r20 1d77 1 sjz 1d78 1 kxu 1d79 1 \
        ljv 1d7a 1 mah 1d7b 1 mvy 1d7c 1 q4d 1d7d 1 sq2 1d7e 1 uep 1d7f 1 fia 1d7g 1 ghh 1d7h 1 l50 1d7i 1 mjf 1d7j 1 qi5 1d7k 1 v8e 1d7l 1 ifk 1d7m 1 m3v 1d7n 1 qfh 1d7o 1 r50 1d7p 1 jih \
        1d7q 1 pnc 1d7r 1 qvz 1d7s 1 iq2 1d7t 1 kd3 1d7u 1 lm2 1d7v 1 mpo 1d7w 1 slq 1d7x 1 fpi 1d7y 1 g53 1d7z 1 gda 1d80 1 jwk 1d81 1 l3n 1d82 1 mj4 1d83 1 nhj 1d84 1 pa9 1d85 1 qh2 \
        1d86 1 qjg 1d87 1 s1b 1d88 1 tv6 1d89 1 upb 1d8a 1 v7e 1d8b 1 nt8 1d8c 1 nzz 1d8d 1 otc 1d8e 1 q15 1d8f 1 t1g 1d8g 1 vb3 1d8h 1 rfa 1d8i 1 hjz 1d8j 1 iro 1d8k 1 okg 1d8l 1 pdq \
        1d8m 1 mle 1d8n 1 nuy 1d8o 1 rsy 1d8p 1 ttj 1d8q 1 hjs 1d8r 1 i8y 1d8s 1 kyb 1d8t 1 lp6 1d8u 1 lxr 1d8v 1 oq7 1d8w 1 oxj 1d8x 1 tor 1d8y 1 gcy 1d8z 1 pe3 1d90 1 g64 1d91 1 g5o \
        1d92 1 o4c 1d93 1 ou6 1d94 1 q29 1d95 1 tpx 1d96 1 rk0 1d97 1 jin 1d98 1 kxu 1d99 1 rge 1d9a 1 fg9 1d9b 1 i5j 1d9c 1 iz6 1d9d 1 mtj 1d9e 1 n74 1d9f 1 gev 1d9g 1 nwb 1d9h 1 fr3 \
        1d9i 1 iw9 1d9j 1 ff1 1d9k 1 lho 1d9l 1 k1k 1d9m 1 opu 1d9n 1 gjn 1d9o 1 hge 1d9p 1 ni9 1d9q 1 q4p 1d9r 1 re2 1d9s 1 la2 1d9t 1 sds 1d9u 1 lfs 1d9v 1 jjy 1d9w 1 put 1d9x 1 jog \
        1d9y 1 n6t 1d9z 1 fji 1da0 1 g2x 1da1 1 g5l 1da2 1 kn5 1da3 1 oo7 1da4 1 prj 1da5 1 rf6 1da6 1 ssv 1da7 1 gdx 1da8 1 gn6 1da9 1 ho3 1daa 1 ir0 1dab 1 k3p 1dac 1 m4e 1dad 1 nxm \
        1dae 1 tkd 1daf 1 ui2 1dag 1 vbr 1dah 1 vda 1dai 1 gbf 1daj 1 kau 1dak 1 l87 1dal 1 sbm 1dam 1 ino 1dan 1 j9s 1dao 1 jcw 1dap 1 jve 1daq 1 lyb 1dar 1 mdl 1das 1 n0p 1dat 1 o22 \
        1dau 1 ovo 1dav 1 pdb 1daw 1 s9y 1dax 1 q9a 1day 1 sgz 1daz 1 t3e 1db0 1 g7r 1db1 1 gbn 1db2 1 gql 1db3 1 ma0 1db4 1 r0i 1db5 1 re2 1db6 1 iq1 1db7 1 iyd 1db8 1 jnf 1db9 1 l9q \
        1dba 1 oji 1dbb 1 mt1 1dbc 1 fl0 1dbd 1 h6h 1dbe 1 i5j 1dbf 1 iii 1dbg 1 izg 1dbh 1 muq 1dbi 1 mzt 1dbj 1 p7e 1dbk 1 pc6 1dbl 1 svo 1dbm 1 tti 1dbn 1 tvs 1dbo 1 u1k 1dbp 1 fpn \
        1dbq 1 o1a 1dbr 1 ss4 1dbs 1 trs 1dbt 1 j4x 1dbu 1 fie 1dbv 1 fyy 1dbw 1 i5q 1dbx 1 i7z 1dby 1 k2h 1dbz 1 kxu 1dc0 1 mha 1dc1 1 ncy 1dc2 1 q9o 1dc3 1 sjg 1dc4 1 vil 1dc5 1 k94 \
        1dc6 1 tny 1dc7 1 gax 1dc8 1 kfv 1dc9 1 kj7 1dca 1 lkx 1dcb 1 luk 1dcc 1 mx5 1dcd 1 n6h 1dce 1 nsb 1dcf 1 opc 1dcg 1 u3i 1dch 1 g31 1dci 1 je6 1dcj 1 tq0 1dck 1 fu3 1dcl 1 ie1 \
        1dcm 1 lpm 1dcn 1 sa2 1dco 1 ivf 1dcp 1 j7o 1dcq 1 kk7 1dcr 1 mtj 1dcs 1 tqe 1dct 1 g89 1dcu 1 glr 1dcv 1 i91 1dcw 1 k5v 1dcx 1 kem 1dcy 1 ko8 1dcz 1 lid 1dd0 1 mx2 1dd1 1 naa \
        1dd2 1 p6h 1dd3 1 r0v 1dd4 1 r1d 1dd5 1 sss 1dd6 1 tsy 1dd7 1 gfz 1dd8 1 lve 1dd9 1 gm5 1dda 1 mhc 1ddb 1 n14 1ddc 1 qgq 1ddd 1 tr7 1dde 1 uvr 1ddf 1 vbz 1ddg 1 kgn 1ddh 1 lor \
        1ddi 1 pns 1ddj 1 o97 1ddk 1 obk 1ddl 1 olu 1ddm 1 mo0 1ddn 1 m8p 1ddo 1 riw 1ddp 1 fk0 1ddq 1 px2 1ddr 1 g8q 1dds 1 g7b 1ddt 1 ip2 1ddu 1 jir 1ddv 1 onq 1ddw 1 i2t 1ddx 1 ljy \
        1ddy 1 kac 1ddz 1 saj 1de0 1 qx8 1de1 1 tot 1de2 1 r63 1de3 1 iqb 1de4 1 g1s 1de5 1 gxs 1de8 1 hga 1dea 1 k8k 1ded 1 g66 1dee 1 mqy 1def 1 ngq 1deg 1 ny4 1deh 1 nz2 1dei 1 nz9 \
        1dej 1 o0f 1dek 1 tw6 1del 1 on2 1dem 1 p8d 1deo 1 qhe 1deq 1 rg8 1det 1 shk 1deu 1 sn1 1dey 1 u7j 1dez 1 u7w 1df0 1 u94 1df1 1 v5g 1df2 1 sm6 1df3 1 trr 1df4 1 fqm 1df5 1 fzb \
        1df6 1 g25 1df7 1 gcp 1df8 1 gdg 1df9 1 ggh 1dfa 1 gwt 1dfb 1 gzq 1dfc 1 h2g 1dfd 1 hfk 1dfe 1 hig 1dff 1 i90 1dfg 1 i9a 1dfh 1 j2s 1dfi 1 j8o 1dfj 1 j9q 1dfk 1 jci 1dfl 1 k0f \
        1dfm 1 k4i 1dfn 1 k9d 1dfo 1 kn9 1dfp 1 lmf 1dfq 1 lqy 1dfr 1 lya 1dfs 1 mem 1dft 1 mjv 1dfu 1 mxu 1dfv 1 ntd 1dfw 1 ny6 1dfx 1 nyh 1dfy 1 nyg 1dfz 1 nyo 1dg0 1 nyu 1dg1 1 nz1 \
        1dg2 1 o0d 1dg3 1 o0e 1dg4 1 o5c 1dg5 1 o75 1dg6 1 og0 1dg7 1 ovo 1dg8 1 ow9 1dg9 1 oxt 1dga 1 p6a 1dgb 1 pad 1dgc 1 pnx 1dgd 1 prt 1dge 1 prt 1dgf 1 q53 1dgg 1 r2o 1dgh 1 r6e \
        1dgi 1 rgh 1dgj 1 ri1 1dgk 1 rtf 1dgl 1 ruw 1dgm 1 sdy 1dgn 1 shk 1dgo 1 tsz 1dgp 1 u0v 1dgq 1 u2j 1dgr 1 j1x 1dgs 1 36cu 1dgt 1 pp4 1dgw 1 ffq 1dgx 1 g51 1dgy 1 g2w 1dgz 1 fpc \
        1dh0 1 g1x 1dh1 1 g3k 1dh2 1 gcn 1dh3 1 ge2 1dh4 1 gwt 1dh5 1 gut 1dh6 1 gwp 1dh7 1 gyq 1dh8 1 hga 1dh9 1 hir 1dha 1 hms 1dhb 1 hn8 1dhc 1 huq 1dhd 1 i08 1dhe 1 iqa 1dhf 1 iqh \
        1dhg 1 iuh 1dhh 1 iwd 1dhi 1 j4o 1dhj 1 j7y 1dhk 1 j60 1dhl 1 j9q 1dhm 1 j8g 1dhn 1 jci 1dho 1 jec 1dhp 1 jpg 1dhq 1 jrw 1dhr 1 jte 1dhs 1 k0m 1dht 1 k8k 1dhu 1 kd3 1dhv 1 kd7 \
        1dhw 1 keu 1dhx 1 l89 1dhy 1 la2 1dhz 1 lkx 1di0 1 lwb 1di1 1 lvv 1di2 1 lya 1di3 1 m5a 1di4 1 mem 1di5 1 nmv 1di6 1 mk5 1di7 1 mnj 1di8 1 mqy 1di9 1 n01 1dia 1 n46 1dib 1 n5n \
        1dic 1 nbx 1did 1 nbz 1die 1 ngq 1dif 1 nh7 1dig 1 nhw 1dih 1 nka 1dii 1 nk0 1dij 1 nv0 1dik 1 o8h 1dil 1 og0 1dim 1 ol7 1din 1 orf 1dio 1 ovo 1dip 1 p4u 1diq 1 pad 1dir 1 pxu \
        1dis 1 q27 1dit 1 qrd 1diu 1 r41 1div 1 r5y 1diw 1 r6e 1dix 1 ren 1diy 1 rg8 1diz 1 rez 1dj0 1 rgh 1dj1 1 rge 1dj2 1 rfx 1dj3 1 ri1 1dj4 1 rka 1dj5 1 ruw 1dj6 1 sag 1dj7 1 sj6 \
        1dj8 1 srd 1dj9 1 sxi 1dja 1 tq4 1djb 1 tsz 1djc 1 tw6 1djd 1 tzv 1dje 1 u0v 1djf 1 u17 1djg 1 u2j 1djh 1 umq 1dji 1 vj0 1djj 1 313e 1djk 1 3138 1djl 1 33dh 1djm 1 brx 1djn 1 cns \
        1djo 1 cop 1djp 1 39e1 1djq 1 3bgw 1djr 1 3i6r 1djs 1 vgj 1djt 1 vim 1dlp 2 15l 14k 1dlr 2 16a 14n 1dm2 2 161 14x 1dm3 2 161 14y 1dm4 3 161 14s 14x 1dm5 3 161 14s 14y 1dm6 2 15c \
        14n 1dm7 2 15c 14o 1dm8 2 15c 14s 1dm9 2 15d 14s 1dma 2 15e 14s 1dmb 2 15f 14s 1dmc 2 15g 14s 1dmd 2 15h 14s 1dme 2 15i 14s 1dmg 2 15k 14s 1dmh 2 15l 14s 1dmi 2 15m 14s 1dmj 2 15n \
        14s 1dmk 2 15o 14s 1dmm 2 15q 14s 1dmo 2 15s 14s 1dmp 2 15t 14s 1dmr 2 15v 14s 1dms 2 15w 14s 1dmu 2 15y 14s 1dmv 2 15z 14s 1dmw 2 160 14s 1dmx 2 161 14s 1dmy 2 162 14s 1dmz 2 15h \
        14p 1dn0 2 15d 14v 1dn1 2 15n 14v 1dn2 2 15w 14v 1hui 2u 1huh 1hve 1huk 2u 1huj 1hve 1huz 2u 1hut 1hve 1hym 2u 1hyp 1hyf 1hyn 2u 1hyq 1hyf 1idn 2u 1idj 1ida 1ido 2u 1idj 1idz 1inv \
        2u 1int 1inu 1inw 2u 1int 1ink 1iny 2u 1int 1inx 1iuy 2u 1iuw 1iun 1iuz 2u 1iux 1iun 2jxa 2 2jx3 2jxh 2jxb 2 2jx4 2jxh 2jxc 3 2jx4 2jxh 2jxq 2jxd 3 2jx4 2jxh 2jxr 2jxe 3 2jx4 2jxh \
        2jxs 2jxf 3 2jx4 2jxh 2jxt 2jxg 3 2jx4 2jxh 2jxu 2jzv 2 2jzt 2jxh 2jzw 2 2jzu 2jxh 2jzx 3 2jzt 2jxh 2jxq 2jzy 3 2jzu 2jxh 2jxq 2jzz 3 2jzt 2jxh 2jxr 2k00 3 2jzu 2jxh 2jxr 464g 1 \
        fgd 464h 1 fg8 464i 1 fgh 464j 1 2tcy 464k 1 fog 464l 1 fqm 464m 1 fqz 464n 1 fsy 464o 1 fwa 464p 1 fx5 464q 1 fzb 464r 1 fyn 464s 1 ae6 464t 1 2ud6 464u 1 g25 464v 1 g2c 464w 1 \
        g2s 464x 1 g3b 464y 1 2u58 464z 1 aex 4650 1 g2v 4651 1 g3x 4652 1 2u6j 4653 1 g47 4654 1 g4k 4655 1 fkc 4656 1 g4s 4657 1 g51 4658 1 3ly7 4659 1 g6t 465a 1 g77 465b 1 afz 465c 1 \
        g8r 465d 1 g92 465e 1 gaa 465f 1 gaf 465g 1 ahh 465h 1 gcn 465i 1 gcp 465j 1 gdg 465k 1 ge2 465l 1 ged 465m 1 gee 465n 1 gev 465o 1 gg9 465p 1 ggh 465q 1 ggq 465r 1 ghf 465s 1 ghp \
        465t 1 ghr 465u 1 ghr 465v 1 ghr 465w 1 2v58 465x 1 m7k 465y 1 gju 465z 1 gkf 4660 1 2vdv 4661 1 gkr 4662 1 gkx 4663 1 gli 4664 1 gpq 4665 1 gmw 4666 1 gnc 4667 1 go8 4668 1 gpu \
        4669 1 gs6 466a 1 gsw 466b 1 gur 466c 1 gv7 466d 1 gw4 466e 1 gw4 466f 1 gwp 466g 1 gx7 466h 1 gxf 466i 1 gxu 466j 1 h7a 466k 1 gzq 466l 1 h7b 466m 1 h1t 466n 1 h2s 466o 1 g7b \
        466p 1 hke 466q 1 hce 466r 1 hdg 466s 1 he5 466t 1 haj 466u 1 hf6 466v 1 hf5 466w 1 hik 466x 1 2x9g 466y 1 hki 466z 1 hkn 4670 1 hl2 4671 1 hlm 4672 1 hlu 4673 1 hnm 4674 1 2xm0 \
        4675 1 2xnu 4676 1 hrg 4677 1 hsr 4678 1 ht3 4679 1 hqw 467a 1 huu 467b 1 aum 467c 1 av0 467d 1 hzc 467e 1 i0u 467f 1 i0u 467g 1 2y88 467h 1 i4j 467i 1 i54 467j 1 i5j 467k 1 i5v \
        467l 1 2yhk 467m 1 i67 467n 1 i6e 467o 1 itv 467p 1 i76 467q 1 ayp 467r 1 i8w 467s 1 i9a 467t 1 ibk 467u 1 ia5 467v 1 2z1g 467w 1 if7 467x 1 2z1i 467y 1 ige 467z 1 igb 4680 1 igs \
        4681 1 ijl 4682 1 ijm 4683 1 b3j 4684 1 ikd 4685 1 ilk 4686 1 im5 4687 1 ind 4688 1 b4y 4689 1 2zr7 468a 1 b5o 468b 1 ipc 468c 1 ipf 468d 1 ipi 468e 1 iq2 468f 1 3pg2 468g 1 iri \
        468h 1 3035 468i 1 3035 468j 1 poh 468k 1 isi 468l 1 isi 468m 1 b7r 468n 1 335k 468o 1 3cgq 468p 1 iua 468q 1 iuj 468r 1 b8j 468s 1 ivu 468t 1 ix9 468u 1 ixj 468v 1 iyh 468w 1 j29 \
        468x 1 bay 468y 1 ba4 468z 1 j2s 4690 1 30t0 4691 1 j47 4692 1 j7s 4693 1 j7w 4694 1 j7y 4695 1 j7w 4696 1 j96 4697 1 j9q 4698 1 jaq 4699 1 jac 469a 1 jan 469b 1 jby 469c 1 jci \
        469d 1 jcm 469e 1 jdc 469f 1 jdn 469g 1 jfh 469h 1 jht 469i 1 jis 469j 1 jm8 469k 1 31n0 469l 1 jlp 469m 1 jjw 469n 1 jmw 469o 1 jnn 469p 1 jqc 469q 1 31td 469r 1 js2 469s 1 jph \
        469t 1 jop 469u 1 bhq 469v 1 ju1 469w 1 jum 469x 1 jvh 469y 1 juf 469z 1 bjg 46a0 1 k0f 46a1 1 k18 46a2 1 32mi 46a3 1 k4j 46a4 1 kc8 46a5 1 k7d 46a6 1 bo9 46a7 1 k9d 46a8 1 bns \
        46a9 1 bms 46aa 1 g42 46ab 1 g45 46ac 1 kcg 46ad 1 k9o 46ae 1 pf1 46af 1 deh 46ag 1 kd3 46ah 1 kd7 46ai 1 kdd 46aj 1 kf2 46ak 1 ker 46al 1 33cz 46am 1 bpl 46an 1 kje 46ao 1 kg5 \
        46ap 1 klu 46aq 1 kn9 46ar 1 33hp 46as 1 kni 46at 1 kkf 46au 1 kr8 46av 1 brx 46aw 1 ksi 46ax 1 kv7 46ay 1 kx6 46az 1 l2g 46b0 1 33xf 46b1 1 l3v 46b2 1 bvc 46b3 1 l5t 46b4 1 34br \
        46b5 1 l78 46b6 1 bwu 46b7 1 l82 46b8 1 l9b 46b9 1 la2 46ba 1 la3 46bb 1 34p9 46bc 1 2yvf 46bd 1 34sa 46be 1 le6 46bf 1 354s 46bg 1 lhb 46bh 1 lhp 46bi 1 lev 46bj 1 ljq 46bk 1 lku \
        46bl 1 lmf 46bm 1 lkx 46bn 1 lm1 46bo 1 lmg 46bp 1 lmt 46bq 1 357i 46br 1 lkk 46bs 1 lrj 46bt 1 lta 46bu 1 c37 46bv 1 lvv 46bw 1 lvr 46bx 1 35jl 46by 1 lq1 46bz 1 m0e 46c0 1 35ni \
        46c1 1 35ou 46c2 1 m2u 46c3 1 m61 46c4 1 m5a 46c5 1 m57 46c6 1 c5y 46c7 1 m6i 46c8 1 m7x 46c9 1 m7r 46ca 1 m99 46cb 1 2u5h 46cc 1 mdh 46cd 1 368z 46ce 1 mfw 46cf 1 36i3 46cg 1 mjs \
        46ch 1 mk5 46ci 1 mkw 46cj 1 36yw 46ck 1 mm8 46cl 1 mmt 46cm 1 3779 46cn 1 37dg 46co 1 mt6 46cp 1 mtn 46cq 1 cdo 46cr 1 mud 46cs 1 ce0 46ct 1 ce0 46cu 1 myv 46cv 1 mzg 46cw 1 n01 \
        46cx 1 n0l 46cy 1 n2i 46cz 1 cgr 46d0 1 n50 46d1 1 386u 46d2 1 n5q 46d3 1 389e 46d4 1 n74 46d5 1 2zrz 46d6 1 nbk 46d7 1 38v5 46d8 1 38vs 46d9 1 38zo 46da 1 cn0 46db 1 cnc 46dc 1 \
        nhw 46dd 1 394j 46de 1 394i 46df 1 395l 46dg 1 396b 46dh 1 nj2 46di 1 nj3 46dj 1 nj3 46dk 1 nka 46dl 1 cop 46dm 1 nm3 46dn 1 cp2 46do 1 cra 46dp 1 39r1 46dq 1 nri 46dr 1 nt8 46ds \
        1 nv0 46dt 1 ctf 46du 1 3a5i 46dv 1 nyu 46dw 1 3a8q 46dx 1 3a9x 46dy 1 o0f 46dz 1 o2z 46e0 1 cvj 46e1 1 o5c 46e2 1 o5m 46e3 1 o5r 46e4 1 3at8 46e5 1 3b1j 46e6 1 3b1j 46e7 1 oa6 \
        46e8 1 d1e 46e9 1 3b8r 46ea 1 og6 46eb 1 og9 46ec 1 d2f 46ed 1 3beo 46ee 1 onm 46ef 1 d5s 46eg 1 oo8 46eh 1 oo3 46ei 1 oow 46ej 1 3c06 46ek 1 orn 46el 1 d8h 46em 1 ouf 46en 1 ow2 \
        46eo 1 oxx 46ep 1 d9w 46eq 1 3ciw 46er 1 3cjr 46es 1 dax 46et 1 3cnt 46eu 1 p6i 46ev 1 3cqm 46ew 1 p79 46ex 1 pa2 46ey 1 pad 46ez 1 3d22 46f0 1 3d43 46f1 1 pcw 46f2 1 3d7s 46f3 1 \
        pdc 46f4 1 33a7 46f5 1 ded 46f6 1 pf6 46f7 1 phf 46f8 1 dfv 46f9 1 pj2 46fa 1 hx1 46fb 1 3dlz 46fc 1 3dmd 46fd 1 33bn 46fe 1 33bw 46ff 1 poh 46fg 1 pok 46fh 1 sda 46fi 1 dij 46fj \
        1 psh 46fk 1 psb 46fl 1 pst 46fm 1 gc3 46fn 1 ptd 46fo 1 ptf 46fp 1 ptp 46fq 1 puu 46fr 1 3ebg 46fs 1 put 46ft 1 pwd 46fu 1 pyb 46fv 1 q0d 46fw 1 pwj 46fx 1 q0t 46fy 1 q1z 46fz 1 \
        q53 46g0 1 pxv 46g1 1 q16 46g2 1 q18 46g3 1 q1o 46g4 1 3eie 46g5 1 3eqz 46g6 1 3emt 46g7 1 dnv 46g8 1 q9d 46g9 1 q9f 46ga 1 qae 46gb 1 3g0a 46gc 1 qck 46gd 1 3f3g 46ge 1 dp9 46gf \
        1 dpd 46gg 1 3f75 46gh 1 3ff6 46gi 1 dpn 46gj 1 qj4 46gk 1 qjg 46gl 1 qjr 46gm 1 qjt 46gn 1 qll 46go 1 qko 46gp 1 qoe 46gq 1 qn6 46gr 1 qrd 46gs 1 qp4 46gt 1 qqz 46gu 1 qrq 46gv 1 \
        dsn 46gw 1 qu9 46gx 1 qv5 46gy 1 dtl 46gz 1 qxs 46h0 1 qxv 46h1 1 3giv 46h2 1 r13 46h3 1 r1a 46h4 1 dv9 46h5 1 r22 46h6 1 aez 46h7 1 3gz2 46h8 1 3h46 46h9 1 dz2 46ha 1 dzb 46hb 1 \
        rds 46hc 1 rfx 46hd 1 rka 46he 1 rpx 46hf 1 3hrc 46hg 1 rsb 46hh 1 rsx 46hi 1 rvf 46hj 1 rxz 46hk 1 3i9b 46hl 1 2upw 46hm 1 s0b 46hn 1 rzw 46ho 1 s1c 46hp 1 2uvy 46hq 1 s7o 46hr 1 \
        sag 46hs 1 3jki 46ht 1 3jl9 46hu 1 sk4 46hv 1 smp 46hw 1 snl 46hx 1 3ju6 46hy 1 snv 46hz 1 svs 46i0 1 t07 46i1 1 t08 46i2 1 sxo 46i3 1 t89 46i4 1 t91 46i5 1 3ksa 46i6 1 tjf 46i7 1 \
        ej9 46i8 1 tkn 46i9 1 3l2v 46ia 1 eli 46ib 1 ts3 46ic 1 iia 46id 1 tur 46ie 1 3ltx 46if 1 3lzu 46ig 1 epa 46ih 1 epi 46ii 1 u00 46ij 1 3mdm 46ik 1 er6 46il 1 3mhi 46im 1 u17 46in \
        1 u17 46io 1 u21 46ip 1 3mpi 46iq 1 u76 46ir 1 eur 46is 1 u95 46it 1 ucn 46iu 1 ude 46iv 1 uf2 46iw 1 ez2 46ix 1 3nsg 46iy 1 umq 46iz 1 uv4 46j0 1 v0d 46j1 1 f66 46j2 1 f71 46j3 1 \
        v3b 46j4 1 3owe 46j5 1 f7c 46j6 1 3oxx 46j7 1 3p5a 46j8 1 3p8x 46j9 1 vcr 46ja 1 f9y 46jb 1 veh 46jc 1 vem 46jd 1 vet 46je 1 vf3 46jf 1 vfa 46jg 1 vgb 46jh 1 3pxc
        """

    /// Scalar, number of parts, parts, where they differ from the canonical ones.
    static let compatibility: StaticString = """
        4g 1 w 4o 2 w lk 4q 1 2p 4v 2 w lg 4y 1 1e 4z 1 1f 50 2 w ld 51 1 qk 54 2 w mf 55 1 1d 56 1 33 58 3 1d 6dg 1g 59 3 1d 6dg 1e 5a 3 1f 6dg 1g 8i 2 21 22 8j 2 2x 2y 8v 2 24 53 8w 2 \
        30 53 95 2 jg 32 an 1 37 ck 3 1w 2i lo cl 3 1w 3e lo cm 3 2s 3e lo cn 2 24 22 co 2 24 2y cp 2 30 2y cq 2 26 22 cr 2 26 2y cs 2 32 2y dt 2 1w 2i du 2 1w 3e dv 2 2s 3e j4 1 2w j5 1 \
        h2 j6 1 2y j7 1 36 j8 1 hl j9 1 hn ja 1 ht jb 1 3b jc 1 3d k8 2 w li k9 2 w lj ka 2 w lm kb 2 w mg kc 2 w lf kd 2 w ln kg 1 gz kh 1 30 ki 1 37 kj 1 3c kk 1 id oq 2 w n9 p0 2 w ld \
        p1 3 w lk ld r4 1 qa r5 1 qg r6 1 px r7 2 px ld r8 2 px lk r9 1 qu ra 1 qo s0 1 qi s1 1 qp s2 1 qq s4 1 pk s5 1 qd s9 1 pv 13b 2 12d 136 19x 2 17r 19w 19y 2 18o 19w 19z 2 1c7 19w \
        1a0 2 18q 19w 2sz 2 2tp 2sy 2wj 2 2x9 2wi 2xo 2 2wb 2vt 2xp 2 2wb 2w1 2z0 1 2yz 31z 3 33m 31t 328 321 3 33n 31t 328 3cs 1 3bw 5rg 1 1t 5rh 1 5i 5ri 1 1u 5rk 1 1w 5rl 1 1x 5rm 1 b2 \
        5rn 1 1z 5ro 1 20 5rp 1 21 5rq 1 22 5rr 1 23 5rs 1 24 5rt 1 25 5ru 1 26 5rw 1 27 5rx 1 f6 5ry 1 28 5rz 1 2a 5s0 1 2c 5s1 1 2d 5s2 1 2f 5s3 1 2p 5s4 1 gg 5s5 1 gh 5s6 1 5qa 5s7 1 \
        2q 5s8 1 2s 5s9 1 2t 5sa 1 gp 5sb 1 gr 5sc 1 gs 5sd 1 2v 5sf 1 2z 5sg 1 31 5sh 1 97 5si 1 33 5sj 1 gk 5sk 1 5qu 5sl 1 5qv 5sm 1 34 5sn 1 38 5so 1 39 5sp 1 5r1 5sq 1 hb 5sr 1 3a \
        5ss 1 5r9 5st 1 qa 5su 1 qb 5sv 1 qc 5sw 1 qu 5sx 1 qv 5sy 1 2x 5sz 1 36 5t0 1 39 5t1 1 3a 5t2 1 qa 5t3 1 qb 5t4 1 qp 5t5 1 qu 5t6 1 qv 5tk 1 u5 5uj 1 gi 5uk 1 2r 5ul 1 gl 5um 1 \
        6o 5un 1 gs 5uo 1 2u 5up 1 gv 5uq 1 gx 5ur 1 h1 5us 1 h4 5ut 1 h5 5uu 1 h6 5uv 1 5tn 5uw 1 il 5ux 1 h9 5uy 1 5tx 5uz 1 in 5v0 1 hd 5v1 1 hc 5v2 1 he 5v3 1 hf 5v4 1 hg 5v5 1 hh 5v6 \
        1 hk 5v7 1 hu 5v8 1 hv 5v9 1 bv 5va 1 i1 5vb 1 i2 5vc 1 5r0 5vd 1 i3 5ve 1 i4 5vf 1 3e 5vg 1 i8 5vh 1 i9 5vi 1 ia 5vj 1 qg 61m 2 2p ji 61n 2 37 lj 69p 2 w lv 69r 2 w lv 69s 2 w n6 \
        69t 3 w lk n6 6a5 3 w lv lc 6a6 3 w lv ld 6a7 3 w lv n6 6al 3 w lw lc 6am 3 w lw ld 6an 3 w lw n6 6b1 3 w lk lc 6b2 3 w lk ld 6bh 2 w ld 6bi 2 w lw 6bk 1 w 6bl 1 w 6bm 1 w 6bn 1 w \
        6bo 1 w 6bp 1 w 6bq 1 w 6br 1 w 6bs 1 w 6bt 1 w 6bu 1 w 6c1 1 6c0 6c7 2 w mr 6ck 1 1a 6cl 2 1a 1a 6cm 3 1a 1a 1a 6cv 1 w 6cz 2 6cy 6cy 6d0 3 6cy 6cy 6cy 6d2 2 6d1 6d1 6d3 3 6d1 \
        6d1 6d1 6d8 2 x x 6da 2 w lh 6dj 2 1r 1r 6dk 2 1r x 6dl 2 x 1r 6dz 4 6cy 6cy 6cy 6cy 6e7 1 w 6eo 1 1c 6ep 1 2x 6es 1 1g 6et 1 1h 6eu 1 1i 6ev 1 1j 6ew 1 1k 6ex 1 1l 6ey 1 17 6ez 1 \
        6qa 6f0 1 1p 6f1 1 14 6f2 1 15 6f3 1 32 6f4 1 1c 6f5 1 1d 6f6 1 1e 6f7 1 1f 6f8 1 1g 6f9 1 1h 6fa 1 1i 6fb 1 1j 6fc 1 1k 6fd 1 1l 6fe 1 17 6ff 1 6qa 6fg 1 1p 6fh 1 14 6fi 1 15 6fk \
        1 2p 6fl 1 2t 6fm 1 33 6fn 1 3c 6fo 1 gp 6fp 1 2w 6fq 1 2z 6fr 1 30 6fs 1 31 6ft 1 32 6fu 1 34 6fv 1 37 6fw 1 38 6g8 2 2a 37 6io 3 2p 1b 2r 6ip 3 2p 1b 37 6iq 1 1v 6ir 2 4w 1v 6it \
        3 2r 1b 33 6iu 3 2r 1b 39 6iv 1 b4 6ix 2 4w 1y 6iy 1 2v 6iz 1 20 6j0 1 20 6j1 1 20 6j2 1 2w 6j3 1 87 6j4 1 21 6j5 1 21 6j6 1 24 6j7 1 30 6j9 1 26 6ja 2 26 33 6jd 1 28 6je 1 29 6jf \
        1 2a 6jg 1 2a 6jh 1 2a 6jk 2 2b 25 6jl 3 2c 1x 24 6jm 2 2c 25 6jo 1 2i 6js 1 2i 6jw 1 1u 6jx 1 1v 6jz 1 2t 6k0 1 1x 6k1 1 1y 6k3 1 25 6k4 1 33 6k5 1 15c 6k6 1 15d 6k7 1 15e 6k8 1 \
        15f 6k9 1 2x 6kb 3 1y 1t 2g 6kc 1 qo 6kd 1 qb 6ke 1 pf 6kf 1 ps 6kg 1 6q9 6kl 1 1w 6km 1 2s 6kn 1 2t 6ko 1 2x 6kp 1 2y 6kw 3 1d 6dg 1j 6kx 3 1d 6dg 1l 6ky 4 1d 6dg 1d 1c 6kz 3 1d \
        6dg 1f 6l0 3 1e 6dg 1f 6l1 3 1d 6dg 1h 6l2 3 1e 6dg 1h 6l3 3 1f 6dg 1h 6l4 3 1g 6dg 1h 6l5 3 1d 6dg 1i 6l6 3 1h 6dg 1i 6l7 3 1d 6dg 1k 6l8 3 1f 6dg 1k 6l9 3 1h 6dg 1k 6la 3 1j 6dg \
        1k 6lb 2 1d 6dg 6lc 1 21 6ld 2 21 21 6le 3 21 21 21 6lf 2 21 2e 6lg 1 2e 6lh 2 2e 21 6li 3 2e 21 21 6lj 4 2e 21 21 21 6lk 2 21 2g 6ll 1 2g 6lm 2 2g 21 6ln 3 2g 21 21 6lo 1 24 6lp \
        1 1v 6lq 1 1w 6lr 1 25 6ls 1 2x 6lt 2 2x 2x 6lu 3 2x 2x 2x 6lv 2 2x 3a 6lw 1 3a 6lx 2 3a 2x 6ly 3 3a 2x 2x 6lz 4 3a 2x 2x 2x 6m0 2 2x 3c 6m1 1 3c 6m2 2 3c 2x 6m3 3 3c 2x 2x 6m4 1 \
        30 6m5 1 2r 6m6 1 2s 6m7 1 31 6mh 3 1c 6dg 1f 6r0 2 6qz 6qz 6r1 3 6qz 6qz 6qz 6r3 2 6r2 6r2 6r4 3 6r2 6r2 6r2 76o 1 1d 76p 1 1e 76q 1 1f 76r 1 1g 76s 1 1h 76t 1 1i 76u 1 1j 76v 1 \
        1k 76w 1 1l 76x 2 1d 1c 76y 2 1d 1d 76z 2 1d 1e 770 2 1d 1f 771 2 1d 1g 772 2 1d 1h 773 2 1d 1i 774 2 1d 1j 775 2 1d 1k 776 2 1d 1l 777 2 1e 1c 778 3 14 1d 15 779 3 14 1e 15 77a 3 \
        14 1f 15 77b 3 14 1g 15 77c 3 14 1h 15 77d 3 14 1i 15 77e 3 14 1j 15 77f 3 14 1k 15 77g 3 14 1l 15 77h 4 14 1d 1c 15 77i 4 14 1d 1d 15 77j 4 14 1d 1e 15 77k 4 14 1d 1f 15 77l 4 14 \
        1d 1g 15 77m 4 14 1d 1h 15 77n 4 14 1d 1i 15 77o 4 14 1d 1j 15 77p 4 14 1d 1k 15 77q 4 14 1d 1l 15 77r 4 14 1e 1c 15 77s 2 1d 1a 77t 2 1e 1a 77u 2 1f 1a 77v 2 1g 1a 77w 2 1h 1a \
        77x 2 1i 1a 77y 2 1j 1a 77z 2 1k 1a 780 2 1l 1a 781 3 1d 1c 1a 782 3 1d 1d 1a 783 3 1d 1e 1a 784 3 1d 1f 1a 785 3 1d 1g 1a 786 3 1d 1h 1a 787 3 1d 1i 1a 788 3 1d 1j 1a 789 3 1d 1k \
        1a 78a 3 1d 1l 1a 78b 3 1e 1c 1a 78c 3 14 2p 15 78d 3 14 2q 15 78e 3 14 2r 15 78f 3 14 2s 15 78g 3 14 2t 15 78h 3 14 2u 15 78i 3 14 2v 15 78j 3 14 2w 15 78k 3 14 2x 15 78l 3 14 2y \
        15 78m 3 14 2z 15 78n 3 14 30 15 78o 3 14 31 15 78p 3 14 32 15 78q 3 14 33 15 78r 3 14 34 15 78s 3 14 35 15 78t 3 14 36 15 78u 3 14 37 15 78v 3 14 38 15 78w 3 14 39 15 78x 3 14 3a \
        15 78y 3 14 3b 15 78z 3 14 3c 15 790 3 14 3d 15 791 3 14 3e 15 792 1 1t 793 1 1u 794 1 1v 795 1 1w 796 1 1x 797 1 1y 798 1 1z 799 1 20 79a 1 21 79b 1 22 79c 1 23 79d 1 24 79e 1 25 \
        79f 1 26 79g 1 27 79h 1 28 79i 1 29 79j 1 2a 79k 1 2b 79l 1 2c 79m 1 2d 79n 1 2e 79o 1 2f 79p 1 2g 79q 1 2h 79r 1 2i 79s 1 2p 79t 1 2q 79u 1 2r 79v 1 2s 79w 1 2t 79x 1 2u 79y 1 2v \
        79z 1 2w 7a0 1 2x 7a1 1 2y 7a2 1 2z 7a3 1 30 7a4 1 31 7a5 1 32 7a6 1 33 7a7 1 34 7a8 1 35 7a9 1 36 7aa 1 37 7ab 1 38 7ac 1 39 7ad 1 3a 7ae 1 3b 7af 1 3c 7ag 1 3d 7ah 1 3e 7ai 1 1c \
        8b0 4 6qz 6qz 6qz 6qz 8dw 3 1m 1m 1p 8dx 2 1p 1p 8dy 3 1p 1p 1p 8sc 1 2y 8sd 1 2e 8z3 1 8yp 97j 1 lal 99v 1 vj3 9a8 1 feo 9a9 1 ffs 9aa 1 fg6 9ab 1 fgf 9ac 1 fh5 9ad 1 fid 9ae 1 \
        fik 9af 1 fj4 9ag 1 fju 9ah 1 g1r 9ai 1 g2t 9aj 1 g2z 9ak 1 g3m 9al 1 g46 9am 1 g4r 9an 1 g68 9ao 1 g6t 9ap 1 g74 9aq 1 gbf 9ar 1 ge1 9as 1 get 9at 1 gey 9au 1 gfs 9av 1 gg1 9aw 1 \
        ggs 9ax 1 gh5 9ay 1 ghu 9az 1 gja 9b0 1 gjs 9b1 1 gkj 9b2 1 h5j 9b3 1 h7j 9b4 1 hkb 9b5 1 hky 9b6 1 hl6 9b7 1 hlh 9b8 1 hlz 9b9 1 ho3 9ba 1 i1c 9bb 1 i2o 9bc 1 i60 9bd 1 i6n 9be 1 \
        i76 9bf 1 i7s 9bg 1 i9a 9bh 1 i9d 9bi 1 ijf 9bj 1 ijp 9bk 1 ik1 9bl 1 ike 9bm 1 inm 9bn 1 inu 9bo 1 inz 9bp 1 ir8 9bq 1 iri 9br 1 irv 9bs 1 is3 9bt 1 its 9bu 1 iu9 9bv 1 iur 9bw 1 \
        iwz 9bx 1 jd4 9by 1 jee 9bz 1 jez 9c0 1 jzj 9c1 1 jzo 9c2 1 k1z 9c3 1 k2f 9c4 1 k2s 9c5 1 k3d 9c6 1 k4g 9c7 1 k4l 9c8 1 kc0 9c9 1 kco 9ca 1 kdk 9cb 1 l5s 9cc 1 l7m 9cd 1 l89 9ce 1 \
        l9v 9cf 1 laj 9cg 1 las 9ch 1 laz 9ci 1 lcf 9cj 1 lck 9ck 1 ldg 9cl 1 m7f 9cm 1 mju 9cn 1 mk6 9co 1 mkb 9cp 1 mkf 9cq 1 mkn 9cr 1 ml5 9cs 1 ml7 9ct 1 mng 9cu 1 mtg 9cv 1 mtl 9cw 1 \
        n30 9cx 1 n3a 9cy 1 n4o 9cz 1 n4v 9d0 1 n54 9d1 1 n5c 9d2 1 n7v 9d3 1 n82 9d4 1 nee 9d5 1 nel 9d6 1 nfy 9d7 1 ngf 9d8 1 nhq 9d9 1 nob 9da 1 noi 9db 1 noz 9dc 1 ny2 9dd 1 o1k 9de 1 \
        o1q 9df 1 o6s 9dg 1 o97 9dh 1 oah 9di 1 okz 9dj 1 ooo 9dk 1 p4m 9dl 1 p5d 9dm 1 p6y 9dn 1 p8d 9do 1 pa9 9dp 1 pak 9dq 1 paq 9dr 1 pbn 9ds 1 pdr 9dt 1 pe1 9du 1 pnn 9dv 1 pnu 9dw 1 \
        po3 9dx 1 poc 9dy 1 pos 9dz 1 pp7 9e0 1 ppb 9e1 1 pri 9e2 1 prm 9e3 1 prs 9e4 1 qj1 9e5 1 qjv 9e6 1 qww 9e7 1 qx8 9e8 1 qxv 9e9 1 r5q 9ea 1 r63 9eb 1 r82 9ec 1 r9c 9ed 1 rp3 9ee 1 \
        rpi 9ef 1 rpx 9eg 1 rqw 9eh 1 rrx 9ei 1 rxg 9ej 1 rxs 9ek 1 rzn 9el 1 s6j 9em 1 s7e 9en 1 sd7 9eo 1 sds 9ep 1 sdx 9eq 1 sk1 9er 1 sp5 9es 1 ssm 9et 1 sss 9eu 1 ssx 9ev 1 tiv 9ew 1 \
        tj4 9ex 1 tng 9ey 1 trq 9ez 1 trt 9f0 1 tt4 9f1 1 tw1 9f2 1 twe 9f3 1 twi 9f4 1 twp 9f5 1 tzf 9f6 1 u0d 9f7 1 u0j 9f8 1 u0x 9f9 1 u5k 9fa 1 u6z 9fb 1 u73 9fc 1 uc6 9fd 1 uc9 9fe 1 \
        ucs 9ff 1 ujs 9fg 1 ul4 9fh 1 ulb 9fi 1 un9 9fj 1 unj 9fk 1 unm 9fl 1 unw 9fm 1 uoq 9fn 1 uzp 9fo 1 vat 9fp 1 vb3 9fq 1 vc5 9fr 1 vcr 9fs 1 vcz 9ft 1 vd9 9fu 1 vdd 9fv 1 veh 9fw 1 \
        vel 9fx 1 vf2 9fy 1 vf7 9fz 1 vfk 9g0 1 vgb 9g1 1 vgq 9g2 1 vgy 9g3 1 vil 9g4 1 vj0 9g5 1 vj4 9hc 1 w 9iu 1 9hu 9iw 1 gg1 9ix 1 gg4 9iy 1 gg5 9ln 2 w 9ll 9lo 2 w 9lm 9lr 2 9l4 9l6 \
        9of 2 9mb 9mw 9pt 1 3cw 9pu 1 3cx 9pv 1 3hm 9pw 1 3cy 9px 1 3ho 9py 1 3hp 9pz 1 3cz 9q0 1 3d0 9q1 1 3d1 9q2 1 3hs 9q3 1 3ht 9q4 1 3hu 9q5 1 3hv 9q6 1 3hw 9q7 1 3hx 9q8 1 3dm 9q9 1 \
        3d2 9qa 1 3d3 9qb 1 3d4 9qc 1 3dt 9qd 1 3d5 9qe 1 3d6 9qf 1 3d7 9qg 1 3d8 9qh 1 3d9 9qi 1 3da 9qj 1 3db 9qk 1 3dc 9ql 1 3dd 9qm 1 3de 9qn 1 3fl 9qo 1 3fm 9qp 1 3fn 9qq 1 3fo 9qr 1 \
        3fp 9qs 1 3fq 9qt 1 3fr 9qu 1 3fs 9qv 1 3ft 9qw 1 3fu 9qx 1 3fv 9qy 1 3fw 9qz 1 3fx 9r0 1 3fy 9r1 1 3fz 9r2 1 3g0 9r3 1 3g1 9r4 1 3g2 9r5 1 3g3 9r6 1 3g4 9r7 1 3g5 9r8 1 3fk 9r9 1 \
        3dg 9ra 1 3dh 9rb 1 3if 9rc 1 3ig 9rd 1 3ik 9re 1 3im 9rf 1 3ir 9rg 1 3iv 9rh 1 3ix 9ri 1 3do 9rj 1 3j1 9rk 1 3j3 9rl 1 3dp 9rm 1 3dq 9rn 1 3ds 9ro 1 3du 9rp 1 3dv 9rq 1 3dz 9rr 1 \
        3e1 9rs 1 3e3 9rt 1 3e4 9ru 1 3e5 9rv 1 3e6 9rw 1 3e7 9rx 1 3ea 9ry 1 3ee 9rz 1 3eo 9s0 1 3ev 9s1 1 3f0 9s2 1 3jl 9s3 1 3jm 9s4 1 3fb 9s5 1 3fc 9s6 1 3fd 9s7 1 3gk 9s8 1 3gl 9s9 1 \
        3go 9sa 1 3gx 9sb 1 3gy 9sc 1 3h0 9sd 1 3ha 9se 1 3hd 9si 1 feo 9sj 1 fik 9sk 1 fex 9sl 1 h5n 9sm 1 fey 9sn 1 ffx 9so 1 fez 9sp 1 n5e 9sq 1 fh5 9sr 1 ffd 9ss 1 fep 9st 1 hm1 9su 1 \
        h80 9sv 1 fju 9vk 3 14 3cw 15 9vl 3 14 3cy 15 9vm 3 14 3cz 15 9vn 3 14 3d1 15 9vo 3 14 3d2 15 9vp 3 14 3d3 15 9vq 3 14 3d5 15 9vr 3 14 3d7 15 9vs 3 14 3d8 15 9vt 3 14 3da 15 9vu 3 \
        14 3db 15 9vv 3 14 3dc 15 9vw 3 14 3dd 15 9vx 3 14 3de 15 9vy 4 14 3cw 3fl 15 9vz 4 14 3cy 3fl 15 9w0 4 14 3cz 3fl 15 9w1 4 14 3d1 3fl 15 9w2 4 14 3d2 3fl 15 9w3 4 14 3d3 3fl 15 \
        9w4 4 14 3d5 3fl 15 9w5 4 14 3d7 3fl 15 9w6 4 14 3d8 3fl 15 9w7 4 14 3da 3fl 15 9w8 4 14 3db 3fl 15 9w9 4 14 3dc 3fl 15 9wa 4 14 3dd 3fl 15 9wb 4 14 3de 3fl 15 9wc 4 14 3d8 3fy 15 \
        9wd 7 14 3d7 3ft 3d8 3fp 3hn 15 9we 6 14 3d7 3ft 3de 3fy 15 9wg 3 14 feo 15 9wh 3 14 fik 15 9wi 3 14 fex 15 9wj 3 14 h5n 15 9wk 3 14 fis 15 9wl 3 14 g31 15 9wm 3 14 fer 15 9wn 3 \
        14 g2z 15 9wo 3 14 fh9 15 9wp 3 14 gg1 15 9wq 3 14 kco 15 9wr 3 14 m7f 15 9ws 3 14 ldg 15 9wt 3 14 kdk 15 9wu 3 14 ssx 15 9wv 3 14 h7j 15 9ww 3 14 k4l 15 9wx 3 14 kkq 15 9wy 3 14 \
        kcp 15 9wz 3 14 ny6 15 9x0 3 14 glp 15 9x1 3 14 mm1 15 9x2 3 14 rs1 15 9x3 3 14 nz1 15 9x4 3 14 gc4 15 9x5 3 14 fkz 15 9x6 3 14 gos 15 9x7 3 14 i1y 15 9x8 3 14 nhf 15 9x9 3 14 flt \
        15 9xa 3 14 rt3 15 9xb 3 14 ggk 15 9xc 3 14 nzh 15 9xd 3 14 fm9 15 9xe 3 14 pnu 15 9xf 3 14 po3 15 9xg 1 gun 9xh 1 inw 9xi 1 k1z 9xj 1 oen 9xs 3 28 2c 1x 9xt 2 1e 1d 9xu 2 1e 1e \
        9xv 2 1e 1f 9xw 2 1e 1g 9xx 2 1e 1h 9xy 2 1e 1i 9xz 2 1e 1j 9y0 2 1e 1k 9y1 2 1e 1l 9y2 2 1f 1c 9y3 2 1f 1d 9y4 2 1f 1e 9y5 2 1f 1f 9y6 2 1f 1g 9y7 2 1f 1h 9y8 1 3cw 9y9 1 3cy 9ya \
        1 3cz 9yb 1 3d1 9yc 1 3d2 9yd 1 3d3 9ye 1 3d5 9yf 1 3d7 9yg 1 3d8 9yh 1 3da 9yi 1 3db 9yj 1 3dc 9yk 1 3dd 9yl 1 3de 9ym 2 3cw 3fl 9yn 2 3cy 3fl 9yo 2 3cz 3fl 9yp 2 3d1 3fl 9yq 2 \
        3d2 3fl 9yr 2 3d3 3fl 9ys 2 3d5 3fl 9yt 2 3d7 3fl 9yu 2 3d8 3fl 9yv 2 3da 3fl 9yw 2 3db 3fl 9yx 2 3dc 3fl 9yy 2 3dd 3fl 9yz 2 3de 3fl 9z0 5 3da 3fl 3hz 3cw 3ft 9z1 4 3d8 3fy 3d7 \
        3g4 9z2 2 3d7 3fy 9z4 1 feo 9z5 1 fik 9z6 1 fex 9z7 1 h5n 9z8 1 fis 9z9 1 g31 9za 1 fer 9zb 1 g2z 9zc 1 fh9 9zd 1 gg1 9ze 1 kco 9zf 1 m7f 9zg 1 ldg 9zh 1 kdk 9zi 1 ssx 9zj 1 h7j \
        9zk 1 k4l 9zl 1 kkq 9zm 1 kcp 9zn 1 ny6 9zo 1 glp 9zp 1 mm1 9zq 1 rs1 9zr 1 nz1 9zs 1 gc4 9zt 1 o2g 9zu 1 n5j 9zv 1 ho3 9zw 1 six 9zx 1 g16 9zy 1 ghc 9zz 1 lig a00 1 u11 a01 1 fm9 \
        a02 1 g49 a03 1 l7n a04 1 fey a05 1 ffx a06 1 fez a07 1 ijq a08 1 gkz a09 1 gfv a0a 1 i3b a0b 1 i1y a0c 1 nhf a0d 1 flt a0e 1 rt3 a0f 1 ggk a0g 1 hlo a0h 2 1f 1i a0i 2 1f 1j a0j 2 \
        1f 1k a0k 2 1f 1l a0l 2 1g 1c a0m 2 1g 1d a0n 2 1g 1e a0o 2 1g 1f a0p 2 1g 1g a0q 2 1g 1h a0r 2 1g 1i a0s 2 1g 1j a0t 2 1g 1k a0u 2 1g 1l a0v 2 1h 1c a0w 2 1d kco a0x 2 1e kco a0y \
        2 1f kco a0z 2 1g kco a10 2 1h kco a11 2 1i kco a12 2 1j kco a13 2 1k kco a14 2 1l kco a15 3 1d 1c kco a16 3 1d 1d kco a17 3 1d 1e kco a18 2 20 2v a19 3 2t 36 2v a1a 2 2t 2e a1b 3 \
        24 2c 1w a1c 1 9lu a1d 1 9lw a1e 1 9ly a1f 1 9m0 a1g 1 9m2 a1h 1 9m3 a1i 1 9m5 a1j 1 9m7 a1k 1 9m9 a1l 1 9mb a1m 1 9md a1n 1 9mf a1o 1 9mh a1p 1 9mj a1q 1 9ml a1r 1 9mn a1s 1 9mp \
        a1t 1 9ms a1u 1 9mu a1v 1 9mw a1w 1 9my a1x 1 9mz a1y 1 9n0 a1z 1 9n1 a20 1 9n2 a21 1 9n3 a22 1 9n6 a23 1 9n9 a24 1 9nc a25 1 9nf a26 1 9ni a27 1 9nj a28 1 9nk a29 1 9nl a2a 1 9nm \
        a2b 1 9no a2c 1 9nq a2d 1 9ns a2e 1 9nt a2f 1 9nu a2g 1 9nv a2h 1 9nw a2i 1 9nx a2j 1 9nz a2k 1 9o0 a2l 1 9o1 a2m 1 9o2 a2o 5 9lu 9n3 9lm 9oc 9mw a2p 4 9lu 9nv 9n9 9lt a2q 5 9lu \
        9o3 9nc 9lm 9lu a2r 3 9lu 9oc 9nv a2s 5 9lw 9mz 9o3 9m7 9ll a2t 3 9lw 9o3 9mp a2u 3 9ly 9m1 9o3 a2v 6 9m0 9mh 9m7 9oc 9mw 9ll a2w 4 9m0 9oc 9m3 9oc a2x 3 9m2 9o3 9mh a2y 3 9m2 9oc \
        9nk a2z 3 9m3 9lw 9nu a30 4 9m3 9nt 9mr 9mw a31 4 9m3 9nx 9nu 9oc a32 4 9m3 9ll 9nx 9o3 a33 4 9m3 9ll 9o3 9ni a34 4 9m5 9ll 9m3 9ll a35 4 9m5 9ll 9mz 9oc a36 4 9m5 9np 9nu 9oc a37 \
        6 9m5 9ll 9nv 9mn 9ll 9oc a38 2 9m5 9nx a39 6 9m5 9nx 9m7 9ll 9nt 9nk a3a 6 9m5 9nx 9nl 9oc 9mw 9nv a3b 5 9m5 9nx 9nz 9mr 9mw a3c 4 9m7 9ll 9nt 9nk a3d 6 9m7 9ll 9nt 9nk 9mw 9o3 \
        a3e 6 9m7 9nv 9mj 9ll 9lw 9nx a3f 4 9m7 9nx 9oc 9n1 a3g 3 9m9 9oc 9mh a3h 3 9mb 9nv 9my a3i 4 9mb 9oc 9nf 9lm a3j 4 9md 9lw 9m7 9nv a3k 5 9md 9o3 9mp 9oc 9nk a3l 5 9mf 9nu 9o3 9m7 \
        9ll a3m 3 9mj 9o3 9mp a3n 3 9mj 9o3 9mw a3o 4 9mn 9ll 9oc 9mh a3p 3 9mu 9ll 9mf a3q 3 9mw 9ll 9nv a3r 2 9mw 9o3 a3s 2 9my 9n2 a3t 3 9n2 9mr 9mw a3u 3 9n3 9lw 9ms a3v 6 9n3 9lm 9oc \
        9mj 9o3 9mw a3w 4 9n3 9lm 9oc 9ms a3x 5 9n3 9ll 9oc 9nw 9nv a3y 6 9n6 9lm 9lu 9mh 9mw 9nv a3z 4 9n6 9lm 9m7 9nv a40 3 9n6 9lm 9mb a41 3 9n6 9ll 9nv a42 6 9n9 9lt 9nt 9mr 9mw 9ll \
        a43 4 9n9 9lv 9oc 9mw a44 6 9n9 9ll 9mr 9mf 9lz 9nv a45 3 9n9 9nt 9o3 a46 5 9nc 9m7 9mn 9oc 9nv a47 3 9nc 9lm 9ml a48 4 9nc 9lm 9mz 9n6 a49 3 9nc 9nv 9ms a4a 4 9nc 9lm 9o3 9mh a4b \
        5 9nc 9lm 9oc 9mf 9ll a4c 4 9nc 9ll 9oc 9mn a4d 5 9nf 9lm 9lw 9o3 9mw a4e 4 9nf 9ll 9nv 9mw a4f 2 9nf 9o3 a4g 5 9nf 9lm 9o3 9mw 9ll a4h 3 9nf 9oc 9nv a4i 3 9nf 9oc 9o3 a4j 4 9ni \
        9lw 9m7 9nx a4k 3 9ni 9lw 9nv a4l 3 9ni 9mr 9n3 a4m 3 9ni 9nv 9m7 a4n 5 9ni 9o3 9mf 9nr 9o3 a4o 4 9nj 9m7 9nx 9o3 a4p 2 9nj 9nu a4q 6 9nj 9nu 9n3 9ll 9oc 9nv a4r 3 9nl 9m3 9ll a4s \
        5 9nl 9m3 9ll 9mw 9o3 a4t 4 9nl 9oc 9mw 9nv a4u 4 9no 9oc 9mw 9ll a4v 3 9no 9oc 9nv a4w 3 9nq 9lu 9o3 a4x 4 9nu 9mr 9mw 9nv a4y 2 9nu 9nt a4z 4 9nv 9n6 9lm 9oc a50 5 9nv 9oc 9n9 \
        9ll 9nv a51 2 9nw 9nk a52 6 9nw 9o3 9mw 9m9 9ll 9o3 a53 3 9nz 9mr 9mw a54 2 1c m9l a55 2 1d m9l a56 2 1e m9l a57 2 1f m9l a58 2 1g m9l a59 2 1h m9l a5a 2 1i m9l a5b 2 1j m9l a5c 2 \
        1k m9l a5d 2 1l m9l a5e 3 1d 1c m9l a5f 3 1d 1d m9l a5g 3 1d 1e m9l a5h 3 1d 1f m9l a5i 3 1d 1g m9l a5j 3 1d 1h m9l a5k 3 1d 1i m9l a5l 3 1d 1j m9l a5m 3 1d 1k m9l a5n 3 1d 1l m9l \
        a5o 3 1e 1c m9l a5p 3 1e 1d m9l a5q 3 1e 1e m9l a5r 3 1e 1f m9l a5s 3 1e 1g m9l a5t 3 2w 28 2p a5u 2 2s 2p a5v 2 1t 2d a5w 3 2q 2p 36 a5x 2 33 2e a5y 2 34 2r a5z 2 2s 31 a60 3 2s \
        31 1e a61 3 2s 31 1f a62 2 21 2d a63 2 inn jdc a64 2 k6l gp8 a65 2 hlz l7n a66 2 k5q lh7 a67 4 kkq irz fmi ny6 a68 2 34 1t a69 2 32 1t a6a 2 qk 1t a6b 2 31 1t a6c 2 2z 1t a6d 2 23 \
        1u a6e 2 25 1u a6f 2 1z 1u a6g 3 2r 2p 30 a6h 4 2z 2r 2p 30 a6i 2 34 1y a6j 2 32 1y a6k 2 qk 1y a6l 2 qk 2v a6m 2 31 2v a6n 2 2z 2v a6o 2 20 3e a6p 3 2z 20 3e a6q 3 25 20 3e a6r 3 \
        1z 20 3e a6s 3 2c 20 3e a6t 2 qk 30 a6u 2 31 30 a6v 2 2s 30 a6w 2 2z 30 a6x 2 2u 31 a6y 2 32 31 a6z 2 qk 31 a70 2 31 31 a71 2 2r 31 a72 2 2z 31 a73 3 31 31 1e a74 3 2r 31 1e a75 2 \
        31 1e a76 3 2z 31 1e a77 3 31 31 1f a78 3 2r 31 1f a79 2 31 1f a7a 3 2z 31 1f a7b 3 31 6qd 37 a7c 4 31 6qd 37 1e a7d 2 28 2p a7e 3 2z 28 2p a7f 3 25 28 2p a7g 3 1z 28 2p a7h 3 36 \
        2p 2s a7i 5 36 2p 2s 6qd 37 a7j 6 36 2p 2s 6qd 37 1e a7k 2 34 37 a7l 2 32 37 a7m 2 qk 37 a7n 2 31 37 a7o 2 34 2e a7p 2 32 2e a7q 2 qk 2e a7r 2 31 2e a7s 2 2z 2e a7t 2 25 2e a7u 2 \
        34 2f a7v 2 32 2f a7w 2 qk 2f a7x 2 31 2f a7y 2 2z 2f a7z 2 25 2f a80 2 2z q1 a81 2 25 q1 a82 4 2p 1a 31 1a a83 2 1u 35 a84 2 2r 2r a85 2 2r 2s a86 4 1v 6qd 2z 2v a87 3 1v 33 1a \
        a88 2 2s 1u a89 2 1z 3d a8a 2 2w 2p a8b 2 20 28 a8c 2 2x 32 a8d 2 23 23 a8e 2 23 25 a8f 2 2z 38 a8g 2 30 31 a8h 2 30 32 a8i 3 30 33 2v a8j 2 30 3c a8k 2 31 2q a8l 3 31 2x 30 a8m 3 \
        31 33 30 a8n 2 28 20 a8o 4 34 1a 31 1a a8p 3 28 28 25 a8q 2 28 2a a8r 2 37 36 a8s 2 2b 3a a8t 2 2f 2q a8u 3 2e 6qd 31 a8v 3 1t 6qd 31 a8w 2 1d k4l a8x 2 1e k4l a8y 2 1f k4l a8z 2 \
        1g k4l a90 2 1h k4l a91 2 1i k4l a92 2 1j k4l a93 2 1k k4l a94 2 1l k4l a95 3 1d 1c k4l a96 3 1d 1d k4l a97 3 1d 1e k4l a98 3 1d 1f k4l a99 3 1d 1g k4l a9a 3 1d 1h k4l a9b 3 1d 1i \
        k4l a9c 3 1d 1j k4l a9d 3 1d 1k k4l a9e 3 1d 1l k4l a9f 3 1e 1c k4l a9g 3 1e 1d k4l a9h 3 1e 1e k4l a9i 3 1e 1f k4l a9j 3 1e 1g k4l a9k 3 1e 1h k4l a9l 3 1e 1i k4l a9m 3 1e 1j k4l \
        a9n 3 1e 1k k4l a9o 3 1e 1l k4l a9p 3 1f 1c k4l a9q 3 1f 1d k4l a9r 3 2v 2p 30 wws 1 ui wwt 1 uk x2o 1 x2n x6g 1 86 x6h 1 9f xuk 1 x0n xul 1 xtj xum 1 h7 xun 1 xua 1dkw 2 2u 2u \
        1dkx 2 2u 2x 1dky 2 2u 30 1dkz 3 2u 2u 2x 1dl0 3 2u 2u 30 1dl1 2 37 38 1dl2 2 37 38 1dlf 2 12s 12u 1dlg 2 12s 12d 1dlh 2 12s 12j 1dli 2 132 12u 1dlj 2 12s 12l 1dls 1 15u 1dlt 1 \
        15c 1dlu 1 15f 1dlv 1 15g 1dlw 1 15n 1dlx 1 15o 1dly 1 15p 1dlz 1 160 1dm0 1 162 1dm1 1 17 1dn3 2 15c 15o 1dn4 1 19t 1dn5 1 19t 1dn6 1 1a3 1dn7 1 1a3 1dn8 1 1a3 1dn9 1 1a3 1dna 1 \
        1a6 1dnb 1 1a6 1dnc 1 1a6 1dnd 1 1a6 1dne 1 1a8 1dnf 1 1a8 1dng 1 1a8 1dnh 1 1a8 1dni 1 1a2 1dnj 1 1a2 1dnk 1 1a2 1dnl 1 1a2 1dnm 1 1a7 1dnn 1 1a7 1dno 1 1a7 1dnp 1 1a7 1dnq 1 1a1 \
        1dnr 1 1a1 1dns 1 1a1 1dnt 1 1a1 1dnu 1 1b8 1dnv 1 1b8 1dnw 1 1b8 1dnx 1 1b8 1dny 1 1ba 1dnz 1 1ba 1do0 1 1ba 1do1 1 1ba 1do2 1 1ac 1do3 1 1ac 1do4 1 1ac 1do5 1 1ac 1do6 1 1ab \
        1do7 1 1ab 1do8 1 1ab 1do9 1 1ab 1doa 1 1ae 1dob 1 1ae 1doc 1 1ae 1dod 1 1ae 1doe 1 1af 1dof 1 1af 1dog 1 1af 1doh 1 1af 1doi 1 1al 1doj 1 1al 1dok 1 1ak 1dol 1 1ak 1dom 1 1am \
        1don 1 1am 1doo 1 1ag 1dop 1 1ag 1doq 1 1aw 1dor 1 1aw 1dos 1 1ap 1dot 1 1ap 1dou 1 1bd 1dov 1 1bd 1dow 1 1bd 1dox 1 1bd 1doy 1 1bj 1doz 1 1bj 1dp0 1 1bj 1dp1 1 1bj 1dp2 1 1bn \
        1dp3 1 1bn 1dp4 1 1bn 1dp5 1 1bn 1dp6 1 1bl 1dp7 1 1bl 1dp8 1 1bl 1dp9 1 1bl 1dpa 1 1bu 1dpb 1 1bu 1dpc 1 1bv 1dpd 1 1bv 1dpe 1 1bv 1dpf 1 1bv 1dpg 2 1cl 190 1dph 2 1cl 190 1dpi 1 \
        1c1 1dpj 1 1c1 1dpk 1 1c1 1dpl 1 1c1 1dpm 1 1by 1dpn 1 1by 1dpo 1 1by 1dpp 1 1by 1dpq 1 1ci 1dpr 1 1ci 1dps 2 1ci 190 1dpt 2 1ci 190 1dqr 1 1bh 1dqs 1 1bh 1dqt 1 1bh 1dqu 1 1bh \
        1dqv 1 1c7 1dqw 1 1c7 1dqx 1 1c6 1dqy 1 1c6 1dqz 1 1c8 1dr0 1 1c8 1dr1 2 1c7 19w 1dr2 1 1cb 1dr3 1 1cb 1dr4 1 1c5 1dr5 1 1c5 1dr6 1 1c9 1dr7 1 1c9 1dr8 1 1cg 1dr9 1 1cg 1dra 1 1cg \
        1drb 1 1cg 1drc 1 18p 1drd 1 18p 1dre 3 18q 190 17r 1drf 3 18q 190 17r 1drg 3 18q 190 1cl 1drh 3 18q 190 1cl 1dri 3 18q 190 18o 1drj 3 18q 190 18o 1drk 3 18q 190 1c7 1drl 3 18q \
        190 1c7 1drm 3 18q 190 1c6 1drn 3 18q 190 1c6 1dro 3 18q 190 1c8 1drp 3 18q 190 1c8 1drq 3 18q 190 1cg 1drr 3 18q 190 1cg 1drs 3 18q 190 1cg 1drt 3 18q 190 18p 1dru 3 18q 190 18p \
        1drv 3 18q 190 18p 1drw 1 1cc 1drx 1 1cc 1dry 1 1cc 1drz 1 1cc 1ds0 3 18q 190 17w 1ds1 3 18q 190 17x 1ds2 3 18q 190 18l 1ds3 3 18q 190 18p 1ds4 3 18q 190 18q 1ds5 2 17s 17w 1ds6 2 \
        17s 17x 1ds7 2 17s 17y 1ds8 2 17s 18l 1ds9 2 17s 18p 1dsa 2 17s 18q 1dsb 2 17u 17w 1dsc 2 17u 17x 1dsd 2 17u 17y 1dse 2 17u 18l 1dsf 2 17u 18p 1dsg 2 17u 18q 1dsh 2 17v 17w 1dsi 2 \
        17v 18l 1dsj 2 17v 18p 1dsk 2 17v 18q 1dsl 2 17w 17x 1dsm 2 17w 18l 1dsn 2 17x 17w 1dso 2 17x 18l 1dsp 2 17y 17w 1dsq 2 17y 17x 1dsr 2 17y 18l 1dss 2 183 17w 1dst 2 183 17x 1dsu 2 \
        183 17y 1dsv 2 183 18l 1dsw 2 185 17x 1dsx 2 185 18l 1dsy 2 186 17w 1dsz 2 186 17x 1dt0 2 186 17y 1dt1 2 186 18l 1dt2 2 187 17x 1dt3 2 187 18l 1dt4 2 188 18l 1dt5 2 189 17w 1dt6 2 \
        189 18l 1dt7 2 18a 17w 1dt8 2 18a 18l 1dt9 2 18h 17w 1dta 2 18h 17x 1dtb 2 18h 17y 1dtc 2 18h 18l 1dtd 2 18h 18p 1dte 2 18h 18q 1dtf 2 18i 17x 1dtg 2 18i 18l 1dth 2 18i 18p 1dti 2 \
        18i 18q 1dtj 2 18j 17r 1dtk 2 18j 17w 1dtl 2 18j 17x 1dtm 2 18j 17y 1dtn 2 18j 18k 1dto 2 18j 18l 1dtp 2 18j 18p 1dtq 2 18j 18q 1dtr 2 18k 17w 1dts 2 18k 17x 1dtt 2 18k 17y 1dtu 2 \
        18k 18l 1dtv 2 18k 18p 1dtw 2 18k 18q 1dtx 2 18l 17w 1dty 2 18l 17x 1dtz 2 18l 17y 1du0 2 18l 18l 1du1 2 18l 18p 1du2 2 18l 18q 1du3 2 18m 17w 1du4 2 18m 17x 1du5 2 18m 17y 1du6 2 \
        18m 18l 1du7 2 18m 18p 1du8 2 18m 18q 1du9 2 18n 17w 1dua 2 18n 18l 1dub 2 18n 18p 1duc 2 18n 18q 1dud 2 18q 17w 1due 2 18q 17x 1duf 2 18q 17y 1dug 2 18q 18l 1duh 2 18q 18p 1dui 2 \
        18q 18q 1duj 2 180 19s 1duk 2 181 19s 1dul 2 18p 19s 1dum 3 w 18s 18x 1dun 3 w 18t 18x 1duo 3 w 18u 18x 1dup 3 w 18v 18x 1duq 3 w 18w 18x 1dur 3 w 18x 19s 1dus 3 18q 190 181 1dut \
        3 18q 190 182 1duu 3 18q 190 18l 1duv 3 18q 190 18m 1duw 3 18q 190 18p 1dux 3 18q 190 18q 1duy 2 17s 181 1duz 2 17s 182 1dv0 2 17s 18l 1dv1 2 17s 18m 1dv2 2 17s 18p 1dv3 2 17s 18q \
        1dv4 2 17u 181 1dv5 2 17u 182 1dv6 2 17u 18l 1dv7 2 17u 18m 1dv8 2 17u 18p 1dv9 2 17u 18q 1dva 2 17v 181 1dvb 2 17v 182 1dvc 2 17v 18l 1dvd 2 17v 18m 1dve 2 17v 18p 1dvf 2 17v 18q \
        1dvg 2 18h 18p 1dvh 2 18h 18q 1dvi 2 18i 18p 1dvj 2 18i 18q 1dvk 2 18j 17r 1dvl 2 18j 18k 1dvm 2 18j 18l 1dvn 2 18j 18p 1dvo 2 18j 18q 1dvp 2 18k 18l 1dvq 2 18k 18p 1dvr 2 18k 18q \
        1dvs 2 18l 17r 1dvt 2 18l 18l 1dvu 2 18m 181 1dvv 2 18m 182 1dvw 2 18m 18l 1dvx 2 18m 18m 1dvy 2 18m 18p 1dvz 2 18m 18q 1dw0 2 18p 19s 1dw1 2 18q 181 1dw2 2 18q 182 1dw3 2 18q 18l \
        1dw4 2 18q 18m 1dw5 2 18q 18p 1dw6 2 18q 18q 1dw7 3 18q 190 17w 1dw8 3 18q 190 17x 1dw9 3 18q 190 17y 1dwa 3 18q 190 18l 1dwb 3 18q 190 18n 1dwc 2 17s 17w 1dwd 2 17s 17x 1dwe 2 \
        17s 17y 1dwf 2 17s 18l 1dwg 2 17s 18n 1dwh 2 17u 17w 1dwi 2 17u 17x 1dwj 2 17u 17y 1dwk 2 17u 18l 1dwl 2 17u 18n 1dwm 2 17v 18l 1dwn 2 17w 17x 1dwo 2 17w 18l 1dwp 2 17x 17w 1dwq 2 \
        17x 18l 1dwr 2 17y 17w 1dws 2 17y 18l 1dwt 2 183 17w 1dwu 2 183 17x 1dwv 2 183 17y 1dww 2 183 18l 1dwx 2 185 17x 1dwy 2 185 17y 1dwz 2 185 18l 1dx0 2 186 17w 1dx1 2 186 17x 1dx2 2 \
        186 17y 1dx3 2 186 18l 1dx4 2 187 17x 1dx5 2 188 18l 1dx6 2 189 17w 1dx7 2 189 18l 1dx8 2 18a 17w 1dx9 2 18a 18l 1dxa 2 18h 17w 1dxb 2 18h 17x 1dxc 2 18h 17y 1dxd 2 18h 18l 1dxe 2 \
        18i 17x 1dxf 2 18i 18l 1dxg 2 18j 17w 1dxh 2 18j 17x 1dxi 2 18j 17y 1dxj 2 18j 18k 1dxk 2 18j 18l 1dxl 2 18k 17w 1dxm 2 18k 17x 1dxn 2 18k 17y 1dxo 2 18k 18l 1dxp 2 18k 18n 1dxq 2 \
        18l 17w 1dxr 2 18l 17x 1dxs 2 18l 17y 1dxt 2 18l 18l 1dxu 2 18m 17w 1dxv 2 18m 17x 1dxw 2 18m 17y 1dxx 2 18m 18l 1dxy 2 18m 18n 1dxz 2 18n 17w 1dy0 2 18n 18l 1dy1 2 18n 19s 1dy2 2 \
        18q 17w 1dy3 2 18q 17x 1dy4 2 18q 17y 1dy5 2 18q 18l 1dy6 2 18q 18n 1dy7 3 18q 190 18l 1dy8 3 18q 190 18n 1dy9 2 17s 18l 1dya 2 17s 18n 1dyb 2 17u 18l 1dyc 2 17u 18n 1dyd 2 17v \
        18l 1dye 2 17v 18n 1dyf 2 183 18l 1dyg 2 183 18n 1dyh 2 184 18l 1dyi 2 184 18n 1dyj 2 18j 18k 1dyk 2 18j 18l 1dyl 2 18k 18l 1dym 2 18m 18l 1dyn 2 18m 18n 1dyo 2 18q 18l 1dyp 2 18q \
        18n 1dyq 3 18g 18u 18x 1dyr 3 18g 18v 18x 1dys 3 18g 18w 18x 1dyt 2 187 18p 1dyu 2 187 18q 1dyv 2 189 18p 1dyw 2 189 18q 1dyx 2 18a 18p 1dyy 2 18a 18q 1dyz 2 183 18p 1dz0 2 183 \
        18q 1dz1 2 184 18p 1dz2 2 184 18q 1dz3 2 17x 18p 1dz4 2 17x 18q 1dz5 2 17w 18p 1dz6 2 17w 18q 1dz7 2 17y 18p 1dz8 2 17y 18q 1dz9 2 185 18p 1dza 2 185 18q 1dzb 2 186 18p 1dzc 2 186 \
        18q 1dzd 2 184 17w 1dze 2 184 17x 1dzf 2 184 17y 1dzg 2 184 18l 1dzh 2 184 181 1dzi 2 183 181 1dzj 2 185 181 1dzk 2 186 181 1dzl 2 187 18p 1dzm 2 187 18q 1dzn 2 189 18p 1dzo 2 189 \
        18q 1dzp 2 18a 18p 1dzq 2 18a 18q 1dzr 2 183 18p 1dzs 2 183 18q 1dzt 2 184 18p 1dzu 2 184 18q 1dzv 2 17x 18p 1dzw 2 17x 18q 1dzx 2 17w 18p 1dzy 2 17w 18q 1dzz 2 17y 18p 1e00 2 17y \
        18q 1e01 2 185 18p 1e02 2 185 18q 1e03 2 186 18p 1e04 2 186 18q 1e05 2 184 17w 1e06 2 184 17x 1e07 2 184 17y 1e08 2 184 18l 1e09 2 184 181 1e0a 2 183 181 1e0b 2 185 181 1e0c 2 186 \
        181 1e0d 2 184 17w 1e0e 2 184 17x 1e0f 2 184 17y 1e0g 2 184 18l 1e0h 2 183 18n 1e0i 2 184 18n 1e0j 2 187 18l 1e0k 2 183 17w 1e0l 2 183 17x 1e0m 2 183 17y 1e0n 2 184 17w 1e0o 2 184 \
        17x 1e0p 2 184 17y 1e0q 2 187 18l 1e0r 2 188 18l 1e0s 2 17r 18r 1e0t 2 17r 18r 1e1c 3 17u 17w 18l 1e1d 3 17u 17x 17w 1e1e 3 17u 17x 17w 1e1f 3 17u 17x 18l 1e1g 3 17u 17y 18l 1e1h \
        3 17u 18l 17w 1e1i 3 17u 18l 17x 1e1j 3 17u 18l 17y 1e1k 3 17w 18l 17x 1e1l 3 17w 18l 17x 1e1m 3 17x 18l 18q 1e1n 3 17x 18l 18p 1e1o 3 183 17x 17w 1e1p 3 183 17w 17x 1e1q 3 183 \
        17w 18p 1e1r 3 183 18l 17x 1e1s 3 183 18l 17x 1e1t 3 183 18l 17w 1e1u 3 183 18l 18l 1e1v 3 183 18l 18l 1e1w 3 185 17x 17x 1e1x 3 185 17x 17x 1e1y 3 185 18l 18l 1e1z 3 184 17x 18l \
        1e20 3 184 17x 18l 1e21 3 184 17w 18q 1e22 3 184 18l 17y 1e23 3 184 18l 17y 1e24 3 184 18l 18l 1e25 3 184 18l 18l 1e26 3 186 17x 18p 1e27 3 186 17y 18l 1e28 3 186 17y 18l 1e29 3 \
        187 18l 17x 1e2a 3 187 18l 17x 1e2b 3 187 18l 18l 1e2c 3 187 18l 18q 1e2d 3 189 17w 18l 1e2e 3 189 18l 18l 1e2f 3 189 18l 18l 1e2g 3 189 18l 18p 1e2h 3 18a 18l 18l 1e2i 3 18a 18l \
        18q 1e2j 3 18a 18l 18p 1e2k 3 18h 17y 18l 1e2l 3 18h 17y 18l 1e2m 3 18i 18l 17x 1e2n 3 18i 18l 18l 1e2o 3 18k 17x 18l 1e2p 3 18k 17x 18q 1e2q 3 18k 17x 18p 1e2r 3 18k 17w 17w 1e2s \
        3 18k 17w 17w 1e2t 3 18k 17y 18l 1e2u 3 18k 17y 18l 1e2v 3 18k 18l 17x 1e2w 3 18k 18l 17x 1e2x 3 18l 17x 17w 1e2y 3 18l 17x 18l 1e2z 3 18l 17x 18q 1e30 3 18l 17w 17x 1e31 3 18l \
        17w 18l 1e32 3 18l 17y 17w 1e33 3 18l 17y 18l 1e36 3 18l 17w 17y 1e37 3 18n 18l 17w 1e38 3 18n 18l 18l 1e39 3 18m 17x 18l 1e3a 3 18m 17x 18p 1e3b 3 18m 17w 18l 1e3c 3 18m 17w 18l \
        1e3d 3 18m 17w 18p 1e3e 3 18m 18l 18q 1e3f 3 18m 18l 18p 1e3g 3 18q 18l 18l 1e3h 3 18q 18l 18l 1e3i 3 17s 17y 18q 1e3j 3 17u 17w 18q 1e3k 3 17u 17w 18p 1e3l 3 17u 17y 18q 1e3m 3 \
        17u 17y 18p 1e3n 3 17u 18l 18q 1e3o 3 17u 18l 18p 1e3p 3 17w 18l 18q 1e3q 3 17w 17x 18p 1e3r 3 17w 18l 18p 1e3s 3 183 17y 18p 1e3t 3 185 17x 18q 1e3u 3 184 17x 18q 1e3v 3 186 17x \
        18q 1e3w 3 18k 17w 18q 1e3x 3 18k 18l 18q 1e3y 3 18q 17x 18q 1e3z 3 18q 17w 18q 1e40 3 18q 18l 18q 1e41 3 18l 18l 18q 1e42 3 18i 18l 18q 1e43 3 18m 17x 18q 1e44 3 18i 18l 17x 1e45 \
        3 18k 17x 18l 1e46 3 189 18l 18q 1e47 3 18j 18l 18q 1e48 3 18m 17w 17x 1e49 3 18l 17y 18q 1e4a 3 18k 17w 18l 1e4b 3 18j 18l 18l 1e4c 3 18k 17w 18l 1e4d 3 18m 17w 17x 1e4e 3 17w \
        17x 18q 1e4f 3 17x 17w 18q 1e4g 3 18l 17w 18q 1e4h 3 18h 18l 18q 1e4i 3 17s 17x 18q 1e4j 3 18j 18l 18l 1e4k 3 189 17w 18l 1e4l 3 185 18l 18l 1e4m 3 183 17y 18q 1e4n 3 18m 17w 18q \
        1e5s 3 185 18k 1ci 1e5t 3 18i 18k 1ci 1e5u 4 17r 18k 18k 18n 1e5v 4 17r 18j 17s 181 1e5w 4 18l 17x 18l 17z 1e5x 4 185 18k 189 18l 1e5y 4 181 183 18o 18k 1e5z 4 189 18k 18q 18n \
        1e60 4 18o 183 18k 18l 1e61 3 185 18k 18p 1e62 i 185 18k 18p w 17r 18k 18k 18n w 189 18k 18q 18n w 18o 183 18k 18l 1e63 8 17w 18k w 17w 18k 17r 18k 18n 1e64 4 181 1cc 17r 18k 1e6o \
        1 18 1e6p 1 9hd 1e6q 1 9he 1e6r 1 1m 1e6s 1 1n 1e6t 1 x 1e6u 1 1r 1e6v 1 9hy 1e6w 1 9hz 1e6x 3 1a 1a 1a 1e7k 2 1a 1a 1e7l 1 6c4 1e7m 1 6c3 1e7n 1 2n 1e7o 1 2n 1e7p 1 14 1e7q 1 15 \
        1e7r 1 3f 1e7s 1 3h 1e7t 1 9hw 1e7u 1 9hx 1e7v 1 9hs 1e7w 1 9ht 1e7x 1 9hm 1e7y 1 9hn 1e7z 1 9hk 1e80 1 9hl 1e81 1 9ho 1e82 1 9hp 1e83 1 9hq 1e84 1 9hr 1e87 1 2j 1e88 1 2l 1e89 2 \
        w lh 1e8a 2 w lh 1e8b 2 w lh 1e8c 2 w lh 1e8d 1 2n 1e8e 1 2n 1e8f 1 2n 1e8g 1 18 1e8h 1 9hd 1e8i 1 1a 1e8k 1 1n 1e8l 1 1m 1e8m 1 1r 1e8n 1 x 1e8o 1 6c4 1e8p 1 14 1e8q 1 15 1e8r 1 \
        3f 1e8s 1 3h 1e8t 1 9hw 1e8u 1 9hx 1e8v 1 z 1e8w 1 12 1e8x 1 16 1e8y 1 17 1e8z 1 19 1e90 1 1o 1e91 1 1q 1e92 1 1p 1e94 1 2k 1e95 1 10 1e96 1 11 1e97 1 1s 1e9c 2 w 18r 1e9d 2 18g \
        18r 1e9e 2 w 18s 1e9g 2 w 18t 1e9i 2 w 18u 1e9j 2 18g 18u 1e9k 2 w 18v 1e9l 2 18g 18v 1e9m 2 w 18w 1e9n 2 18g 18w 1e9o 2 w 18x 1e9p 2 18g 18x 1e9q 2 w 18y 1e9r 2 18g 18y 1e9s 1 \
        17l 1e9t 2 17r 18z 1e9u 2 17r 18z 1e9v 2 17r 190 1e9w 2 17r 190 1e9x 2 18o 190 1e9y 2 18o 190 1e9z 2 17r 191 1ea0 2 17r 191 1ea1 2 18q 190 1ea2 2 18q 190 1ea3 2 18q 190 1ea4 2 18q \
        190 1ea5 1 17r 1ea6 1 17r 1ea7 1 17s 1ea8 1 17s 1ea9 1 17s 1eaa 1 17s 1eab 1 17t 1eac 1 17t 1ead 1 17u 1eae 1 17u 1eaf 1 17u 1eag 1 17u 1eah 1 17v 1eai 1 17v 1eaj 1 17v 1eak 1 17v \
        1eal 1 17w 1eam 1 17w 1ean 1 17w 1eao 1 17w 1eap 1 17x 1eaq 1 17x 1ear 1 17x 1eas 1 17x 1eat 1 17y 1eau 1 17y 1eav 1 17y 1eaw 1 17y 1eax 1 17z 1eay 1 17z 1eaz 1 180 1eb0 1 180 \
        1eb1 1 181 1eb2 1 181 1eb3 1 182 1eb4 1 182 1eb5 1 183 1eb6 1 183 1eb7 1 183 1eb8 1 183 1eb9 1 184 1eba 1 184 1ebb 1 184 1ebc 1 184 1ebd 1 185 1ebe 1 185 1ebf 1 185 1ebg 1 185 \
        1ebh 1 186 1ebi 1 186 1ebj 1 186 1ebk 1 186 1ebl 1 187 1ebm 1 187 1ebn 1 187 1ebo 1 187 1ebp 1 188 1ebq 1 188 1ebr 1 188 1ebs 1 188 1ebt 1 189 1ebu 1 189 1ebv 1 189 1ebw 1 189 \
        1ebx 1 18a 1eby 1 18a 1ebz 1 18a 1ec0 1 18a 1ec1 1 18h 1ec2 1 18h 1ec3 1 18h 1ec4 1 18h 1ec5 1 18i 1ec6 1 18i 1ec7 1 18i 1ec8 1 18i 1ec9 1 18j 1eca 1 18j 1ecb 1 18j 1ecc 1 18j \
        1ecd 1 18k 1ece 1 18k 1ecf 1 18k 1ecg 1 18k 1ech 1 18l 1eci 1 18l 1ecj 1 18l 1eck 1 18l 1ecl 1 18m 1ecm 1 18m 1ecn 1 18m 1eco 1 18m 1ecp 1 18n 1ecq 1 18n 1ecr 1 18n 1ecs 1 18n \
        1ect 1 18o 1ecu 1 18o 1ecv 1 18p 1ecw 1 18p 1ecx 1 18q 1ecy 1 18q 1ecz 1 18q 1ed0 1 18q 1ed1 3 18k 17r 18z 1ed2 3 18k 17r 18z 1ed3 3 18k 17r 190 1ed4 3 18k 17r 190 1ed5 3 18k 17r \
        191 1ed6 3 18k 17r 191 1ed7 2 18k 17r 1ed8 2 18k 17r 1edd 1 x 1ede 1 y 1edf 1 z 1edg 1 10 1edh 1 11 1edi 1 12 1edj 1 13 1edk 1 14 1edl 1 15 1edm 1 16 1edn 1 17 1edo 1 18 1edp 1 19 \
        1edq 1 1a 1edr 1 1b 1eds 1 1c 1edt 1 1d 1edu 1 1e 1edv 1 1f 1edw 1 1g 1edx 1 1h 1edy 1 1i 1edz 1 1j 1ee0 1 1k 1ee1 1 1l 1ee2 1 1m 1ee3 1 1n 1ee4 1 1o 1ee5 1 1p 1ee6 1 1q 1ee7 1 1r \
        1ee8 1 1s 1ee9 1 1t 1eea 1 1u 1eeb 1 1v 1eec 1 1w 1eed 1 1x 1eee 1 1y 1eef 1 1z 1eeg 1 20 1eeh 1 21 1eei 1 22 1eej 1 23 1eek 1 24 1eel 1 25 1eem 1 26 1een 1 27 1eeo 1 28 1eep 1 29 \
        1eeq 1 2a 1eer 1 2b 1ees 1 2c 1eet 1 2d 1eeu 1 2e 1eev 1 2f 1eew 1 2g 1eex 1 2h 1eey 1 2i 1eez 1 2j 1ef0 1 2k 1ef1 1 2l 1ef2 1 2m 1ef3 1 2n 1ef4 1 2o 1ef5 1 2p 1ef6 1 2q 1ef7 1 2r \
        1ef8 1 2s 1ef9 1 2t 1efa 1 2u 1efb 1 2v 1efc 1 2w 1efd 1 2x 1efe 1 2y 1eff 1 2z 1efg 1 30 1efh 1 31 1efi 1 32 1efj 1 33 1efk 1 34 1efl 1 35 1efm 1 36 1efn 1 37 1efo 1 38 1efp 1 39 \
        1efq 1 3a 1efr 1 3b 1efs 1 3c 1eft 1 3d 1efu 1 3e 1efv 1 3f 1efw 1 3g 1efx 1 3h 1efy 1 3i 1efz 1 879 1eg0 1 87a 1eg1 1 9he 1eg2 1 9ho 1eg3 1 9hp 1eg4 1 9hd 1eg5 1 9ob 1eg6 1 9o2 \
        1eg7 1 9lt 1eg8 1 9lv 1eg9 1 9lx 1ega 1 9lz 1egb 1 9m1 1egc 1 9nn 1egd 1 9np 1ege 1 9nr 1egf 1 9mr 1egg 1 9oc 1egh 1 9lu 1egi 1 9lw 1egj 1 9ly 1egk 1 9m0 1egl 1 9m2 1egm 1 9m3 \
        1egn 1 9m5 1ego 1 9m7 1egp 1 9m9 1egq 1 9mb 1egr 1 9md 1egs 1 9mf 1egt 1 9mh 1egu 1 9mj 1egv 1 9ml 1egw 1 9mn 1egx 1 9mp 1egy 1 9ms 1egz 1 9mu 1eh0 1 9mw 1eh1 1 9my 1eh2 1 9mz \
        1eh3 1 9n0 1eh4 1 9n1 1eh5 1 9n2 1eh6 1 9n3 1eh7 1 9n6 1eh8 1 9n9 1eh9 1 9nc 1eha 1 9nf 1ehb 1 9ni 1ehc 1 9nj 1ehd 1 9nk 1ehe 1 9nl 1ehf 1 9nm 1ehg 1 9no 1ehh 1 9nq 1ehi 1 9ns \
        1ehj 1 9nt 1ehk 1 9nu 1ehl 1 9nv 1ehm 1 9nw 1ehn 1 9nx 1eho 1 9nz 1ehp 1 9o3 1ehq 1 9ll 1ehr 1 9lm 1ehs 1 3fk 1eht 1 3cw 1ehu 1 3cx 1ehv 1 3hm 1ehw 1 3cy 1ehx 1 3ho 1ehy 1 3hp \
        1ehz 1 3cz 1ei0 1 3d0 1ei1 1 3d1 1ei2 1 3hs 1ei3 1 3ht 1ei4 1 3hu 1ei5 1 3hv 1ei6 1 3hw 1ei7 1 3hx 1ei8 1 3dm 1ei9 1 3d2 1eia 1 3d3 1eib 1 3d4 1eic 1 3dt 1eid 1 3d5 1eie 1 3d6 \
        1eif 1 3d7 1eig 1 3d8 1eih 1 3d9 1eii 1 3da 1eij 1 3db 1eik 1 3dc 1eil 1 3dd 1eim 1 3de 1eiq 1 3fl 1eir 1 3fm 1eis 1 3fn 1eit 1 3fo 1eiu 1 3fp 1eiv 1 3fq 1eiy 1 3fr 1eiz 1 3fs \
        1ej0 1 3ft 1ej1 1 3fu 1ej2 1 3fv 1ej3 1 3fw 1ej6 1 3fx 1ej7 1 3fy 1ej8 1 3fz 1ej9 1 3g0 1eja 1 3g1 1ejb 1 3g2 1eje 1 3g3 1ejf 1 3g4 1ejg 1 3g5 1ejk 1 4i 1ejl 1 4j 1ejm 1 4s 1ejn 2 \
        w lg 1ejo 1 4m 1ejp 1 4l 1ejq 1 6g9 1ejs 1 7b6 1ejt 1 6mo 1eju 1 6mp 1ejv 1 6mq 1ejw 1 6mr 1ejx 1 7fk 1ejy 1 7gr 2kg0 1 1t 2kg1 1 1u 2kg2 1 1v 2kg3 1 1w 2kg4 1 1x 2kg5 1 1y 2kg6 1 \
        1z 2kg7 1 20 2kg8 1 21 2kg9 1 22 2kga 1 23 2kgb 1 24 2kgc 1 25 2kgd 1 26 2kge 1 27 2kgf 1 28 2kgg 1 29 2kgh 1 2a 2kgi 1 2b 2kgj 1 2c 2kgk 1 2d 2kgl 1 2e 2kgm 1 2f 2kgn 1 2g 2kgo 1 \
        2h 2kgp 1 2i 2kgq 1 2p 2kgr 1 2q 2kgs 1 2r 2kgt 1 2s 2kgu 1 2t 2kgv 1 2u 2kgw 1 2v 2kgx 1 2w 2kgy 1 2x 2kgz 1 2y 2kh0 1 2z 2kh1 1 30 2kh2 1 31 2kh3 1 32 2kh4 1 33 2kh5 1 34 2kh6 1 \
        35 2kh7 1 36 2kh8 1 37 2kh9 1 38 2kha 1 39 2khb 1 3a 2khc 1 3b 2khd 1 3c 2khe 1 3d 2khf 1 3e 2khg 1 1t 2khh 1 1u 2khi 1 1v 2khj 1 1w 2khk 1 1x 2khl 1 1y 2khm 1 1z 2khn 1 20 2kho 1 \
        21 2khp 1 22 2khq 1 23 2khr 1 24 2khs 1 25 2kht 1 26 2khu 1 27 2khv 1 28 2khw 1 29 2khx 1 2a 2khy 1 2b 2khz 1 2c 2ki0 1 2d 2ki1 1 2e 2ki2 1 2f 2ki3 1 2g 2ki4 1 2h 2ki5 1 2i 2ki6 1 \
        2p 2ki7 1 2q 2ki8 1 2r 2ki9 1 2s 2kia 1 2t 2kib 1 2u 2kic 1 2v 2kie 1 2x 2kif 1 2y 2kig 1 2z 2kih 1 30 2kii 1 31 2kij 1 32 2kik 1 33 2kil 1 34 2kim 1 35 2kin 1 36 2kio 1 37 2kip 1 \
        38 2kiq 1 39 2kir 1 3a 2kis 1 3b 2kit 1 3c 2kiu 1 3d 2kiv 1 3e 2kiw 1 1t 2kix 1 1u 2kiy 1 1v 2kiz 1 1w 2kj0 1 1x 2kj1 1 1y 2kj2 1 1z 2kj3 1 20 2kj4 1 21 2kj5 1 22 2kj6 1 23 2kj7 1 \
        24 2kj8 1 25 2kj9 1 26 2kja 1 27 2kjb 1 28 2kjc 1 29 2kjd 1 2a 2kje 1 2b 2kjf 1 2c 2kjg 1 2d 2kjh 1 2e 2kji 1 2f 2kjj 1 2g 2kjk 1 2h 2kjl 1 2i 2kjm 1 2p 2kjn 1 2q 2kjo 1 2r 2kjp 1 \
        2s 2kjq 1 2t 2kjr 1 2u 2kjs 1 2v 2kjt 1 2w 2kju 1 2x 2kjv 1 2y 2kjw 1 2z 2kjx 1 30 2kjy 1 31 2kjz 1 32 2kk0 1 33 2kk1 1 34 2kk2 1 35 2kk3 1 36 2kk4 1 37 2kk5 1 38 2kk6 1 39 2kk7 1 \
        3a 2kk8 1 3b 2kk9 1 3c 2kka 1 3d 2kkb 1 3e 2kkc 1 1t 2kke 1 1v 2kkf 1 1w 2kki 1 1z 2kkl 1 22 2kkm 1 23 2kkp 1 26 2kkq 1 27 2kkr 1 28 2kks 1 29 2kku 1 2b 2kkv 1 2c 2kkw 1 2d 2kkx 1 \
        2e 2kky 1 2f 2kkz 1 2g 2kl0 1 2h 2kl1 1 2i 2kl2 1 2p 2kl3 1 2q 2kl4 1 2r 2kl5 1 2s 2kl7 1 2u 2kl9 1 2w 2kla 1 2x 2klb 1 2y 2klc 1 2z 2kld 1 30 2kle 1 31 2klf 1 32 2klh 1 34 2kli 1 \
        35 2klj 1 36 2klk 1 37 2kll 1 38 2klm 1 39 2kln 1 3a 2klo 1 3b 2klp 1 3c 2klq 1 3d 2klr 1 3e 2kls 1 1t 2klt 1 1u 2klu 1 1v 2klv 1 1w 2klw 1 1x 2klx 1 1y 2kly 1 1z 2klz 1 20 2km0 1 \
        21 2km1 1 22 2km2 1 23 2km3 1 24 2km4 1 25 2km5 1 26 2km6 1 27 2km7 1 28 2km8 1 29 2km9 1 2a 2kma 1 2b 2kmb 1 2c 2kmc 1 2d 2kmd 1 2e 2kme 1 2f 2kmf 1 2g 2kmg 1 2h 2kmh 1 2i 2kmi 1 \
        2p 2kmj 1 2q 2kmk 1 2r 2kml 1 2s 2kmm 1 2t 2kmn 1 2u 2kmo 1 2v 2kmp 1 2w 2kmq 1 2x 2kmr 1 2y 2kms 1 2z 2kmt 1 30 2kmu 1 31 2kmv 1 32 2kmw 1 33 2kmx 1 34 2kmy 1 35 2kmz 1 36 2kn0 1 \
        37 2kn1 1 38 2kn2 1 39 2kn3 1 3a 2kn4 1 3b 2kn5 1 3c 2kn6 1 3d 2kn7 1 3e 2kn8 1 1t 2kn9 1 1u 2knb 1 1w 2knc 1 1x 2knd 1 1y 2kne 1 1z 2knh 1 22 2kni 1 23 2knj 1 24 2knk 1 25 2knl 1 \
        26 2knm 1 27 2knn 1 28 2kno 1 29 2knq 1 2b 2knr 1 2c 2kns 1 2d 2knt 1 2e 2knu 1 2f 2knv 1 2g 2knw 1 2h 2kny 1 2p 2knz 1 2q 2ko0 1 2r 2ko1 1 2s 2ko2 1 2t 2ko3 1 2u 2ko4 1 2v 2ko5 1 \
        2w 2ko6 1 2x 2ko7 1 2y 2ko8 1 2z 2ko9 1 30 2koa 1 31 2kob 1 32 2koc 1 33 2kod 1 34 2koe 1 35 2kof 1 36 2kog 1 37 2koh 1 38 2koi 1 39 2koj 1 3a 2kok 1 3b 2kol 1 3c 2kom 1 3d 2kon 1 \
        3e 2koo 1 1t 2kop 1 1u 2kor 1 1w 2kos 1 1x 2kot 1 1y 2kou 1 1z 2kow 1 21 2kox 1 22 2koy 1 23 2koz 1 24 2kp0 1 25 2kp2 1 27 2kp6 1 2b 2kp7 1 2c 2kp8 1 2d 2kp9 1 2e 2kpa 1 2f 2kpb 1 \
        2g 2kpc 1 2h 2kpe 1 2p 2kpf 1 2q 2kpg 1 2r 2kph 1 2s 2kpi 1 2t 2kpj 1 2u 2kpk 1 2v 2kpl 1 2w 2kpm 1 2x 2kpn 1 2y 2kpo 1 2z 2kpp 1 30 2kpq 1 31 2kpr 1 32 2kps 1 33 2kpt 1 34 2kpu 1 \
        35 2kpv 1 36 2kpw 1 37 2kpx 1 38 2kpy 1 39 2kpz 1 3a 2kq0 1 3b 2kq1 1 3c 2kq2 1 3d 2kq3 1 3e 2kq4 1 1t 2kq5 1 1u 2kq6 1 1v 2kq7 1 1w 2kq8 1 1x 2kq9 1 1y 2kqa 1 1z 2kqb 1 20 2kqc 1 \
        21 2kqd 1 22 2kqe 1 23 2kqf 1 24 2kqg 1 25 2kqh 1 26 2kqi 1 27 2kqj 1 28 2kqk 1 29 2kql 1 2a 2kqm 1 2b 2kqn 1 2c 2kqo 1 2d 2kqp 1 2e 2kqq 1 2f 2kqr 1 2g 2kqs 1 2h 2kqt 1 2i 2kqu 1 \
        2p 2kqv 1 2q 2kqw 1 2r 2kqx 1 2s 2kqy 1 2t 2kqz 1 2u 2kr0 1 2v 2kr1 1 2w 2kr2 1 2x 2kr3 1 2y 2kr4 1 2z 2kr5 1 30 2kr6 1 31 2kr7 1 32 2kr8 1 33 2kr9 1 34 2kra 1 35 2krb 1 36 2krc 1 \
        37 2krd 1 38 2kre 1 39 2krf 1 3a 2krg 1 3b 2krh 1 3c 2kri 1 3d 2krj 1 3e 2krk 1 1t 2krl 1 1u 2krm 1 1v 2krn 1 1w 2kro 1 1x 2krp 1 1y 2krq 1 1z 2krr 1 20 2krs 1 21 2krt 1 22 2kru 1 \
        23 2krv 1 24 2krw 1 25 2krx 1 26 2kry 1 27 2krz 1 28 2ks0 1 29 2ks1 1 2a 2ks2 1 2b 2ks3 1 2c 2ks4 1 2d 2ks5 1 2e 2ks6 1 2f 2ks7 1 2g 2ks8 1 2h 2ks9 1 2i 2ksa 1 2p 2ksb 1 2q 2ksc 1 \
        2r 2ksd 1 2s 2kse 1 2t 2ksf 1 2u 2ksg 1 2v 2ksh 1 2w 2ksi 1 2x 2ksj 1 2y 2ksk 1 2z 2ksl 1 30 2ksm 1 31 2ksn 1 32 2kso 1 33 2ksp 1 34 2ksq 1 35 2ksr 1 36 2kss 1 37 2kst 1 38 2ksu 1 \
        39 2ksv 1 3a 2ksw 1 3b 2ksx 1 3c 2ksy 1 3d 2ksz 1 3e 2kt0 1 1t 2kt1 1 1u 2kt2 1 1v 2kt3 1 1w 2kt4 1 1x 2kt5 1 1y 2kt6 1 1z 2kt7 1 20 2kt8 1 21 2kt9 1 22 2kta 1 23 2ktb 1 24 2ktc 1 \
        25 2ktd 1 26 2kte 1 27 2ktf 1 28 2ktg 1 29 2kth 1 2a 2kti 1 2b 2ktj 1 2c 2ktk 1 2d 2ktl 1 2e 2ktm 1 2f 2ktn 1 2g 2kto 1 2h 2ktp 1 2i 2ktq 1 2p 2ktr 1 2q 2kts 1 2r 2ktt 1 2s 2ktu 1 \
        2t 2ktv 1 2u 2ktw 1 2v 2ktx 1 2w 2kty 1 2x 2ktz 1 2y 2ku0 1 2z 2ku1 1 30 2ku2 1 31 2ku3 1 32 2ku4 1 33 2ku5 1 34 2ku6 1 35 2ku7 1 36 2ku8 1 37 2ku9 1 38 2kua 1 39 2kub 1 3a 2kuc 1 \
        3b 2kud 1 3c 2kue 1 3d 2kuf 1 3e 2kug 1 1t 2kuh 1 1u 2kui 1 1v 2kuj 1 1w 2kuk 1 1x 2kul 1 1y 2kum 1 1z 2kun 1 20 2kuo 1 21 2kup 1 22 2kuq 1 23 2kur 1 24 2kus 1 25 2kut 1 26 2kuu 1 \
        27 2kuv 1 28 2kuw 1 29 2kux 1 2a 2kuy 1 2b 2kuz 1 2c 2kv0 1 2d 2kv1 1 2e 2kv2 1 2f 2kv3 1 2g 2kv4 1 2h 2kv5 1 2i 2kv6 1 2p 2kv7 1 2q 2kv8 1 2r 2kv9 1 2s 2kva 1 2t 2kvb 1 2u 2kvc 1 \
        2v 2kvd 1 2w 2kve 1 2x 2kvf 1 2y 2kvg 1 2z 2kvh 1 30 2kvi 1 31 2kvj 1 32 2kvk 1 33 2kvl 1 34 2kvm 1 35 2kvn 1 36 2kvo 1 37 2kvp 1 38 2kvq 1 39 2kvr 1 3a 2kvs 1 3b 2kvt 1 3c 2kvu 1 \
        3d 2kvv 1 3e 2kvw 1 1t 2kvx 1 1u 2kvy 1 1v 2kvz 1 1w 2kw0 1 1x 2kw1 1 1y 2kw2 1 1z 2kw3 1 20 2kw4 1 21 2kw5 1 22 2kw6 1 23 2kw7 1 24 2kw8 1 25 2kw9 1 26 2kwa 1 27 2kwb 1 28 2kwc 1 \
        29 2kwd 1 2a 2kwe 1 2b 2kwf 1 2c 2kwg 1 2d 2kwh 1 2e 2kwi 1 2f 2kwj 1 2g 2kwk 1 2h 2kwl 1 2i 2kwm 1 2p 2kwn 1 2q 2kwo 1 2r 2kwp 1 2s 2kwq 1 2t 2kwr 1 2u 2kws 1 2v 2kwt 1 2w 2kwu 1 \
        2x 2kwv 1 2y 2kww 1 2z 2kwx 1 30 2kwy 1 31 2kwz 1 32 2kx0 1 33 2kx1 1 34 2kx2 1 35 2kx3 1 36 2kx4 1 37 2kx5 1 38 2kx6 1 39 2kx7 1 3a 2kx8 1 3b 2kx9 1 3c 2kxa 1 3d 2kxb 1 3e 2kxc 1 \
        1t 2kxd 1 1u 2kxe 1 1v 2kxf 1 1w 2kxg 1 1x 2kxh 1 1y 2kxi 1 1z 2kxj 1 20 2kxk 1 21 2kxl 1 22 2kxm 1 23 2kxn 1 24 2kxo 1 25 2kxp 1 26 2kxq 1 27 2kxr 1 28 2kxs 1 29 2kxt 1 2a 2kxu 1 \
        2b 2kxv 1 2c 2kxw 1 2d 2kxx 1 2e 2kxy 1 2f 2kxz 1 2g 2ky0 1 2h 2ky1 1 2i 2ky2 1 2p 2ky3 1 2q 2ky4 1 2r 2ky5 1 2s 2ky6 1 2t 2ky7 1 2u 2ky8 1 2v 2ky9 1 2w 2kya 1 2x 2kyb 1 2y 2kyc 1 \
        2z 2kyd 1 30 2kye 1 31 2kyf 1 32 2kyg 1 33 2kyh 1 34 2kyi 1 35 2kyj 1 36 2kyk 1 37 2kyl 1 38 2kym 1 39 2kyn 1 3a 2kyo 1 3b 2kyp 1 3c 2kyq 1 3d 2kyr 1 3e 2kys 1 8h 2kyt 1 fr 2kyw 1 \
        pd 2kyx 1 pe 2kyy 1 pf 2kyz 1 pg 2kz0 1 ph 2kz1 1 pi 2kz2 1 pj 2kz3 1 pk 2kz4 1 pl 2kz5 1 pm 2kz6 1 pn 2kz7 1 po 2kz8 1 pp 2kz9 1 pq 2kza 1 pr 2kzb 1 ps 2kzc 1 pt 2kzd 1 pk 2kze 1 \
        pv 2kzf 1 pw 2kzg 1 px 2kzh 1 py 2kzi 1 pz 2kzj 1 q0 2kzk 1 q1 2kzl 1 6pz 2kzm 1 q9 2kzn 1 qa 2kzo 1 qb 2kzp 1 qc 2kzq 1 qd 2kzr 1 qe 2kzs 1 qf 2kzt 1 qg 2kzu 1 qh 2kzv 1 qi 2kzw \
        1 qj 2kzx 1 qk 2kzy 1 ql 2kzz 1 qm 2l00 1 qn 2l01 1 qo 2l02 1 qp 2l03 1 qq 2l04 1 qr 2l05 1 qs 2l06 1 qt 2l07 1 qu 2l08 1 qv 2l09 1 qw 2l0a 1 qx 2l0b 1 6pu 2l0c 1 qd 2l0d 1 qg \
        2l0e 1 qi 2l0f 1 qu 2l0g 1 qp 2l0h 1 qo 2l0i 1 pd 2l0j 1 pe 2l0k 1 pf 2l0l 1 pg 2l0m 1 ph 2l0n 1 pi 2l0o 1 pj 2l0p 1 pk 2l0q 1 pl 2l0r 1 pm 2l0s 1 pn 2l0t 1 po 2l0u 1 pp 2l0v 1 pq \
        2l0w 1 pr 2l0x 1 ps 2l0y 1 pt 2l0z 1 pk 2l10 1 pv 2l11 1 pw 2l12 1 px 2l13 1 py 2l14 1 pz 2l15 1 q0 2l16 1 q1 2l17 1 6pz 2l18 1 q9 2l19 1 qa 2l1a 1 qb 2l1b 1 qc 2l1c 1 qd 2l1d 1 \
        qe 2l1e 1 qf 2l1f 1 qg 2l1g 1 qh 2l1h 1 qi 2l1i 1 qj 2l1j 1 qk 2l1k 1 ql 2l1l 1 qm 2l1m 1 qn 2l1n 1 qo 2l1o 1 qp 2l1p 1 qq 2l1q 1 qr 2l1r 1 qs 2l1s 1 qt 2l1t 1 qu 2l1u 1 qv 2l1v 1 \
        qw 2l1w 1 qx 2l1x 1 6pu 2l1y 1 qd 2l1z 1 qg 2l20 1 qi 2l21 1 qu 2l22 1 qp 2l23 1 qo 2l24 1 pd 2l25 1 pe 2l26 1 pf 2l27 1 pg 2l28 1 ph 2l29 1 pi 2l2a 1 pj 2l2b 1 pk 2l2c 1 pl 2l2d \
        1 pm 2l2e 1 pn 2l2f 1 po 2l2g 1 pp 2l2h 1 pq 2l2i 1 pr 2l2j 1 ps 2l2k 1 pt 2l2l 1 pk 2l2m 1 pv 2l2n 1 pw 2l2o 1 px 2l2p 1 py 2l2q 1 pz 2l2r 1 q0 2l2s 1 q1 2l2t 1 6pz 2l2u 1 q9 \
        2l2v 1 qa 2l2w 1 qb 2l2x 1 qc 2l2y 1 qd 2l2z 1 qe 2l30 1 qf 2l31 1 qg 2l32 1 qh 2l33 1 qi 2l34 1 qj 2l35 1 qk 2l36 1 ql 2l37 1 qm 2l38 1 qn 2l39 1 qo 2l3a 1 qp 2l3b 1 qq 2l3c 1 qr \
        2l3d 1 qs 2l3e 1 qt 2l3f 1 qu 2l3g 1 qv 2l3h 1 qw 2l3i 1 qx 2l3j 1 6pu 2l3k 1 qd 2l3l 1 qg 2l3m 1 qi 2l3n 1 qu 2l3o 1 qp 2l3p 1 qo 2l3q 1 pd 2l3r 1 pe 2l3s 1 pf 2l3t 1 pg 2l3u 1 \
        ph 2l3v 1 pi 2l3w 1 pj 2l3x 1 pk 2l3y 1 pl 2l3z 1 pm 2l40 1 pn 2l41 1 po 2l42 1 pp 2l43 1 pq 2l44 1 pr 2l45 1 ps 2l46 1 pt 2l47 1 pk 2l48 1 pv 2l49 1 pw 2l4a 1 px 2l4b 1 py 2l4c 1 \
        pz 2l4d 1 q0 2l4e 1 q1 2l4f 1 6pz 2l4g 1 q9 2l4h 1 qa 2l4i 1 qb 2l4j 1 qc 2l4k 1 qd 2l4l 1 qe 2l4m 1 qf 2l4n 1 qg 2l4o 1 qh 2l4p 1 qi 2l4q 1 qj 2l4r 1 qk 2l4s 1 ql 2l4t 1 qm 2l4u \
        1 qn 2l4v 1 qo 2l4w 1 qp 2l4x 1 qq 2l4y 1 qr 2l4z 1 qs 2l50 1 qt 2l51 1 qu 2l52 1 qv 2l53 1 qw 2l54 1 qx 2l55 1 6pu 2l56 1 qd 2l57 1 qg 2l58 1 qi 2l59 1 qu 2l5a 1 qp 2l5b 1 qo \
        2l5c 1 pd 2l5d 1 pe 2l5e 1 pf 2l5f 1 pg 2l5g 1 ph 2l5h 1 pi 2l5i 1 pj 2l5j 1 pk 2l5k 1 pl 2l5l 1 pm 2l5m 1 pn 2l5n 1 po 2l5o 1 pp 2l5p 1 pq 2l5q 1 pr 2l5r 1 ps 2l5s 1 pt 2l5t 1 pk \
        2l5u 1 pv 2l5v 1 pw 2l5w 1 px 2l5x 1 py 2l5y 1 pz 2l5z 1 q0 2l60 1 q1 2l61 1 6pz 2l62 1 q9 2l63 1 qa 2l64 1 qb 2l65 1 qc 2l66 1 qd 2l67 1 qe 2l68 1 qf 2l69 1 qg 2l6a 1 qh 2l6b 1 \
        qi 2l6c 1 qj 2l6d 1 qk 2l6e 1 ql 2l6f 1 qm 2l6g 1 qn 2l6h 1 qo 2l6i 1 qp 2l6j 1 qq 2l6k 1 qr 2l6l 1 qs 2l6m 1 qt 2l6n 1 qu 2l6o 1 qv 2l6p 1 qw 2l6q 1 qx 2l6r 1 6pu 2l6s 1 qd 2l6t \
        1 qg 2l6u 1 qi 2l6v 1 qu 2l6w 1 qp 2l6x 1 qo 2l6y 1 rg 2l6z 1 rh 2l72 1 1c 2l73 1 1d 2l74 1 1e 2l75 1 1f 2l76 1 1g 2l77 1 1h 2l78 1 1i 2l79 1 1j 2l7a 1 1k 2l7b 1 1l 2l7c 1 1c 2l7d \
        1 1d 2l7e 1 1e 2l7f 1 1f 2l7g 1 1g 2l7h 1 1h 2l7i 1 1i 2l7j 1 1j 2l7k 1 1k 2l7l 1 1l 2l7m 1 1c 2l7n 1 1d 2l7o 1 1e 2l7p 1 1f 2l7q 1 1g 2l7r 1 1h 2l7s 1 1i 2l7t 1 1j 2l7u 1 1k 2l7v \
        1 1l 2l7w 1 1c 2l7x 1 1d 2l7y 1 1e 2l7z 1 1f 2l80 1 1g 2l81 1 1h 2l82 1 1i 2l83 1 1j 2l84 1 1k 2l85 1 1l 2l86 1 1c 2l87 1 1d 2l88 1 1e 2l89 1 1f 2l8a 1 1g 2l8b 1 1h 2l8c 1 1i 2l8d \
        1 1j 2l8e 1 1k 2l8f 1 1l 2pkw 1 17r 2pkx 1 17s 2pky 1 17w 2pkz 1 17z 2pl1 1 18o 2pl2 1 182 2pl3 1 17x 2pl4 1 187 2pl5 1 18q 2pl6 1 18j 2pl7 1 18k 2pl8 1 18l 2pl9 1 18m 2pla 1 183 \
        2plb 1 189 2plc 1 18h 2pld 1 185 2ple 1 18i 2plf 1 181 2plg 1 184 2plh 1 17u 2pli 1 17v 2plj 1 17y 2plk 1 180 2pll 1 186 2plm 1 188 2pln 1 18a 2plo 1 19q 2plp 1 1bu 2plq 1 1b5 \
        2plr 1 19r 2plt 1 17s 2plu 1 17w 2plw 1 18n 2plz 1 17x 2pm1 1 18q 2pm2 1 18j 2pm3 1 18k 2pm4 1 18l 2pm5 1 18m 2pm6 1 183 2pm7 1 189 2pm8 1 18h 2pm9 1 185 2pma 1 18i 2pmc 1 184 \
        2pmd 1 17u 2pme 1 17v 2pmf 1 17y 2pmh 1 186 2pmj 1 18a 2pmq 1 17w 2pmv 1 17x 2pmx 1 18q 2pmz 1 18k 2pn1 1 18m 2pn2 1 183 2pn3 1 189 2pn5 1 185 2pn6 1 18i 2pn8 1 184 2pnb 1 17y \
        2pnd 1 186 2pnf 1 18a 2pnh 1 1bu 2pnj 1 19r 2pnl 1 17s 2pnm 1 17w 2pno 1 18n 2pnr 1 17x 2pns 1 187 2pnt 1 18q 2pnu 1 18j 2pnw 1 18l 2pnx 1 18m 2pny 1 183 2pnz 1 189 2po0 1 18h \
        2po1 1 185 2po2 1 18i 2po4 1 184 2po5 1 17u 2po6 1 17v 2po7 1 17y 2po9 1 186 2poa 1 188 2pob 1 18a 2poc 1 19q 2poe 1 1b5 2pog 1 17r 2poh 1 17s 2poi 1 17w 2poj 1 17z 2pok 1 18n \
        2pol 1 18o 2pom 1 182 2pon 1 17x 2poo 1 187 2pop 1 18q 2por 1 18k 2pos 1 18l 2pot 1 18m 2pou 1 183 2pov 1 189 2pow 1 18h 2pox 1 185 2poy 1 18i 2poz 1 181 2pp0 1 184 2pp1 1 17u \
        2pp2 1 17v 2pp3 1 17y 2pp4 1 180 2pp5 1 186 2pp6 1 188 2pp7 1 18a 2ppd 1 17s 2ppe 1 17w 2ppf 1 17z 2pph 1 18o 2ppi 1 182 2ppj 1 17x 2ppk 1 187 2ppl 1 18q 2ppn 1 18k 2ppo 1 18l \
        2ppp 1 18m 2ppq 1 183 2ppr 1 189 2pps 1 18h 2ppt 1 185 2ppu 1 18i 2ppv 1 181 2ppw 1 184 2ppx 1 17u 2ppy 1 17v 2ppz 1 17y 2pq0 1 180 2pq1 1 186 2pq2 1 188 2pq3 1 18a 2q68 2 1c 1a \
        2q69 2 1c 18 2q6a 2 1d 18 2q6b 2 1e 18 2q6c 2 1f 18 2q6d 2 1g 18 2q6e 2 1h 18 2q6f 2 1i 18 2q6g 2 1j 18 2q6h 2 1k 18 2q6i 2 1l 18 2q6o 3 14 1t 15 2q6p 3 14 1u 15 2q6q 3 14 1v 15 \
        2q6r 3 14 1w 15 2q6s 3 14 1x 15 2q6t 3 14 1y 15 2q6u 3 14 1z 15 2q6v 3 14 20 15 2q6w 3 14 21 15 2q6x 3 14 22 15 2q6y 3 14 23 15 2q6z 3 14 24 15 2q70 3 14 25 15 2q71 3 14 26 15 \
        2q72 3 14 27 15 2q73 3 14 28 15 2q74 3 14 29 15 2q75 3 14 2a 15 2q76 3 14 2b 15 2q77 3 14 2c 15 2q78 3 14 2d 15 2q79 3 14 2e 15 2q7a 3 14 2f 15 2q7b 3 14 2g 15 2q7c 3 14 2h 15 \
        2q7d 3 14 2i 15 2q7e 3 9hw 2b 9hx 2q7f 1 1v 2q7g 1 2a 2q7h 2 1v 1w 2q7i 2 2f 2i 2q7k 1 1t 2q7l 1 1u 2q7m 1 1v 2q7n 1 1w 2q7o 1 1x 2q7p 1 1y 2q7q 1 1z 2q7r 1 20 2q7s 1 21 2q7t 1 22 \
        2q7u 1 23 2q7v 1 24 2q7w 1 25 2q7x 1 26 2q7y 1 27 2q7z 1 28 2q80 1 29 2q81 1 2a 2q82 1 2b 2q83 1 2c 2q84 1 2d 2q85 1 2e 2q86 1 2f 2q87 1 2g 2q88 1 2h 2q89 1 2i 2q8a 2 20 2e 2q8b 2 \
        25 2e 2q8c 2 2b 1w 2q8d 2 2b 2b 2q8e 3 28 28 2e 2q8f 2 2f 1v 2q96 2 25 1v 2q97 2 25 1w 2qa8 2 1w 22 2qdc 2 9kr 9jf 2qdd 2 9mb 9mb 2qde 1 9md 2qds 1 jez 2qdt 1 i1j 2qdu 1 gjw 2qdv \
        2 9mu 9ll 2qdw 1 fik 2qdx 1 hlm 2qdy 1 r8j 2qdz 1 hm1 2qe0 1 fj8 2qe1 1 k68 2qe2 1 mch 2qe3 1 k2h 2qe4 1 g99 2qe5 1 ivg 2qe6 1 g3x 2qe7 1 k34 2qe8 1 g7x 2qe9 1 oqq 2qea 1 n4v 2qeb \
        1 rs9 2qec 1 hkg 2qed 1 gmx 2qee 1 lxw 2qef 1 jh1 2qeg 1 jmd 2qeh 1 feo 2qei 1 fex 2qej 1 si2 2qek 1 ijq 2qel 1 ffx 2qem 1 gkz 2qen 1 jk7 2qeo 1 rxs 2qep 1 jf7 2qeq 1 o01 2qer 1 \
        o6y 2qes 1 glk 2qet 1 lts 2qeu 1 kcp 2qev 1 kco 2qew 1 n5f 2qex 1 gaa 2qey 1 gxi 2qez 1 sp9 2qf4 3 9hw kdo 9hx 2qf5 3 9hw fex 9hx 2qf6 3 9hw fik 9hx 2qf7 3 9hw i2x 9hx 2qf8 3 9hw \
        m9l 9hx 2qf9 3 9hw jf7 9hx 2qfa 3 9hw nh3 9hx 2qfb 3 9hw gd9 9hx 2qfc 3 9hw k0n 9hx 2qfk 1 ivr 2qfl 1 gkv
        """

    /// Scalar, number of parts, parts of its small letters.
    static let lowercase: StaticString = """
        1t 1 2p 1u 1 2q 1v 1 2r 1w 1 2s 1x 1 2t 1y 1 2u 1z 1 2v 20 1 2w 21 1 2x 22 1 2y 23 1 2z 24 1 30 25 1 31 26 1 32 27 1 33 28 1 34 29 1 35 2a 1 36 2b 1 37 2c 1 38 2d 1 39 2e 1 3a 2f \
        1 3b 2g 1 3c 2h 1 3d 2i 1 3e 5c 1 68 5d 1 69 5e 1 6a 5f 1 6b 5g 1 6c 5h 1 6d 5i 1 6e 5j 1 6f 5k 1 6g 5l 1 6h 5m 1 6i 5n 1 6j 5o 1 6k 5p 1 6l 5q 1 6m 5r 1 6n 5s 1 6o 5t 1 6p 5u 1 \
        6q 5v 1 6r 5w 1 6s 5x 1 6t 5y 1 6u 60 1 6w 61 1 6x 62 1 6y 63 1 6z 64 1 70 65 1 71 66 1 72 74 1 75 76 1 77 78 1 79 7a 1 7b 7c 1 7d 7e 1 7f 7g 1 7h 7i 1 7j 7k 1 7l 7m 1 7n 7o 1 7p \
        7q 1 7r 7s 1 7t 7u 1 7v 7w 1 7x 7y 1 7z 80 1 81 82 1 83 84 1 85 86 1 87 88 1 89 8a 1 8b 8c 1 8d 8e 1 8f 8g 2 2x lj 8i 1 8j 8k 1 8l 8m 1 8n 8p 1 8q 8r 1 8s 8t 1 8u 8v 1 8w 8x 1 8y \
        8z 1 90 91 1 92 93 1 94 96 1 97 98 1 99 9a 1 9b 9c 1 9d 9e 1 9f 9g 1 9h 9i 1 9j 9k 1 9l 9m 1 9n 9o 1 9p 9q 1 9r 9s 1 9t 9u 1 9v 9w 1 9x 9y 1 9z a0 1 a1 a2 1 a3 a4 1 a5 a6 1 a7 a8 \
        1 a9 aa 1 ab ac 1 ad ae 1 af ag 1 73 ah 1 ai aj 1 ak al 1 am ap 1 gj aq 1 ar as 1 at au 1 gk av 1 aw ax 1 gm ay 1 gn az 1 b0 b2 1 d9 b3 1 gp b4 1 gr b5 1 b6 b7 1 gw b8 1 gz ba 1 \
        h5 bb 1 h4 bc 1 bd bg 1 hb bh 1 he bj 1 hh bk 1 bl bm 1 bn bo 1 bp bq 1 hs br 1 bs bt 1 hv bw 1 bx by 1 i0 bz 1 c0 c1 1 i2 c2 1 i3 c3 1 c4 c5 1 c6 c7 1 ia c8 1 c9 cc 1 cd ck 1 cm \
        cl 1 cm cn 1 cp co 1 cp cq 1 cs cr 1 cs ct 1 cu cv 1 cw cx 1 cy cz 1 d0 d1 1 d2 d3 1 d4 d5 1 d6 d7 1 d8 da 1 db dc 1 dd de 1 df dg 1 dh di 1 dj dk 1 dl dm 1 dn do 1 dp dq 1 dr dt \
        1 dv du 1 dv dw 1 dx dy 1 b9 dz 1 cf e0 1 e1 e2 1 e3 e4 1 e5 e6 1 e7 e8 1 e9 ea 1 eb ec 1 ed ee 1 ef eg 1 eh ei 1 ej ek 1 el em 1 en eo 1 ep eq 1 er es 1 et eu 1 ev ew 1 ex ey 1 \
        ez f0 1 f1 f2 1 f3 f4 1 bi f6 1 f7 f8 1 f9 fa 1 fb fc 1 fd fe 1 ff fg 1 fh fi 1 fj fk 1 fl fm 1 fn fu 1 8rp fv 1 fw fx 1 be fy 1 8rq g1 1 g2 g3 1 ao g4 1 i1 g5 1 i4 g6 1 g7 g8 1 \
        g9 ga 1 gb gc 1 gd ge 1 gf og 1 oh oi 1 oj om 1 on ov 1 s3 p2 1 q4 p4 1 q5 p5 1 q6 p6 1 q7 p8 1 r0 pa 1 r1 pb 1 r2 pd 1 q9 pe 1 qa pf 1 qb pg 1 qc ph 1 qd pi 1 qe pj 1 qf pk 1 qg \
        pl 1 qh pm 1 qi pn 1 qj po 1 qk pp 1 ql pq 1 qm pr 1 qn ps 1 qo pt 1 qp pv 1 qr pw 1 qs px 1 qt py 1 qu pz 1 qv q0 1 qw q1 1 qx q2 1 qy q3 1 qz r3 1 rb rc 1 rd re 1 rf rg 1 rh ri \
        1 rj rk 1 rl rm 1 rn ro 1 rp rq 1 rr rs 1 rt ru 1 rv rw 1 rx ry 1 rz s4 1 qg s7 1 s8 s9 1 s2 sa 1 sb sd 1 or se 1 os sf 1 ot sg 1 uo sh 1 up si 1 uq sj 1 ur sk 1 us sl 1 ut sm 1 \
        uu sn 1 uv so 1 uw sp 1 ux sq 1 uy sr 1 uz ss 1 v0 st 1 v1 su 1 v2 sv 1 v3 sw 1 ts sx 1 tt sy 1 tu sz 1 tv t0 1 tw t1 1 tx t2 1 ty t3 1 tz t4 1 u0 t5 1 u1 t6 1 u2 t7 1 u3 t8 1 u4 \
        t9 1 u5 ta 1 u6 tb 1 u7 tc 1 u8 td 1 u9 te 1 ua tf 1 ub tg 1 uc th 1 ud ti 1 ue tj 1 uf tk 1 ug tl 1 uh tm 1 ui tn 1 uj to 1 uk tp 1 ul tq 1 um tr 1 un v4 1 v5 v6 1 v7 v8 1 v9 va \
        1 vb vc 1 vd ve 1 vf vg 1 vh vi 1 vj vk 1 vl vm 1 vn vo 1 vp vq 1 vr vs 1 vt vu 1 vv vw 1 vx vy 1 vz w0 1 w1 wa 1 wb wc 1 wd we 1 wf wg 1 wh wi 1 wj wk 1 wl wm 1 wn wo 1 wp wq 1 \
        wr ws 1 wt wu 1 wv ww 1 wx wy 1 wz x0 1 x1 x2 1 x3 x4 1 x5 x6 1 x7 x8 1 x9 xa 1 xb xc 1 xd xe 1 xf xg 1 xh xi 1 xj xk 1 xl xm 1 xn xo 1 xp xq 1 xr xs 1 y7 xt 1 xu xv 1 xw xx 1 xy \
        xz 1 y0 y1 1 y2 y3 1 y4 y5 1 y6 y8 1 y9 ya 1 yb yc 1 yd ye 1 yf yg 1 yh yi 1 yj yk 1 yl ym 1 yn yo 1 yp yq 1 yr ys 1 yt yu 1 yv yw 1 yx yy 1 yz z0 1 z1 z2 1 z3 z4 1 z5 z6 1 z7 z8 \
        1 z9 za 1 zb zc 1 zd ze 1 zf zg 1 zh zi 1 zj zk 1 zl zm 1 zn zo 1 zp zq 1 zr zs 1 zt zu 1 zv zw 1 zx zy 1 zz 100 1 101 102 1 103 104 1 105 106 1 107 108 1 109 10a 1 10b 10c 1 10d \
        10e 1 10f 10g 1 10h 10i 1 10j 10k 1 10l 10m 1 10n 10o 1 10p 10q 1 10r 10s 1 10t 10u 1 10v 10x 1 129 10y 1 12a 10z 1 12b 110 1 12c 111 1 12d 112 1 12e 113 1 12f 114 1 12g 115 1 12h \
        116 1 12i 117 1 12j 118 1 12k 119 1 12l 11a 1 12m 11b 1 12n 11c 1 12o 11d 1 12p 11e 1 12q 11f 1 12r 11g 1 12s 11h 1 12t 11i 1 12u 11j 1 12v 11k 1 12w 11l 1 12x 11m 1 12y 11n 1 12z \
        11o 1 130 11p 1 131 11q 1 132 11r 1 133 11s 1 134 11t 1 135 11u 1 136 11v 1 137 11w 1 138 11x 1 139 11y 1 13a 3a8 1 8w0 3a9 1 8w1 3aa 1 8w2 3ab 1 8w3 3ac 1 8w4 3ad 1 8w5 3ae 1 8w6 \
        3af 1 8w7 3ag 1 8w8 3ah 1 8w9 3ai 1 8wa 3aj 1 8wb 3ak 1 8wc 3al 1 8wd 3am 1 8we 3an 1 8wf 3ao 1 8wg 3ap 1 8wh 3aq 1 8wi 3ar 1 8wj 3as 1 8wk 3at 1 8wl 3au 1 8wm 3av 1 8wn 3aw 1 8wo \
        3ax 1 8wp 3ay 1 8wq 3az 1 8wr 3b0 1 8ws 3b1 1 8wt 3b2 1 8wu 3b3 1 8wv 3b4 1 8ww 3b5 1 8wx 3b6 1 8wy 3b7 1 8wz 3b8 1 8x0 3b9 1 8x1 3bb 1 8x3 3bh 1 8x9 3vk 1 xv4 3vl 1 xv5 3vm 1 xv6 \
        3vn 1 xv7 3vo 1 xv8 3vp 1 xv9 3vq 1 xva 3vr 1 xvb 3vs 1 xvc 3vt 1 xvd 3vu 1 xve 3vv 1 xvf 3vw 1 xvg 3vx 1 xvh 3vy 1 xvi 3vz 1 xvj 3w0 1 xvk 3w1 1 xvl 3w2 1 xvm 3w3 1 xvn 3w4 1 xvo \
        3w5 1 xvp 3w6 1 xvq 3w7 1 xvr 3w8 1 xvs 3w9 1 xvt 3wa 1 xvu 3wb 1 xvv 3wc 1 xvw 3wd 1 xvx 3we 1 xvy 3wf 1 xvz 3wg 1 xw0 3wh 1 xw1 3wi 1 xw2 3wj 1 xw3 3wk 1 xw4 3wl 1 xw5 3wm 1 xw6 \
        3wn 1 xw7 3wo 1 xw8 3wp 1 xw9 3wq 1 xwa 3wr 1 xwb 3ws 1 xwc 3wt 1 xwd 3wu 1 xwe 3wv 1 xwf 3ww 1 xwg 3wx 1 xwh 3wy 1 xwi 3wz 1 xwj 3x0 1 xwk 3x1 1 xwl 3x2 1 xwm 3x3 1 xwn 3x4 1 xwo \
        3x5 1 xwp 3x6 1 xwq 3x7 1 xwr 3x8 1 xws 3x9 1 xwt 3xa 1 xwu 3xb 1 xwv 3xc 1 xww 3xd 1 xwx 3xe 1 xwy 3xf 1 xwz 3xg 1 xx0 3xh 1 xx1 3xi 1 xx2 3xj 1 xx3 3xk 1 xx4 3xl 1 xx5 3xm 1 xx6 \
        3xn 1 xx7 3xo 1 xx8 3xp 1 xx9 3xq 1 xxa 3xr 1 xxb 3xs 1 3y0 3xt 1 3y1 3xu 1 3y2 3xv 1 3y3 3xw 1 3y4 3xx 1 3y5 5mx 1 5my 5n4 1 3bk 5n5 1 3bl 5n6 1 3bm 5n7 1 3bn 5n8 1 3bo 5n9 1 3bp \
        5na 1 3bq 5nb 1 3br 5nc 1 3bs 5nd 1 3bt 5ne 1 3bu 5nf 1 3bv 5ng 1 3bw 5nh 1 3bx 5ni 1 3by 5nj 1 3bz 5nk 1 3c0 5nl 1 3c1 5nm 1 3c2 5nn 1 3c3 5no 1 3c4 5np 1 3c5 5nq 1 3c6 5nr 1 3c7 \
        5ns 1 3c8 5nt 1 3c9 5nu 1 3ca 5nv 1 3cb 5nw 1 3cc 5nx 1 3cd 5ny 1 3ce 5nz 1 3cf 5o0 1 3cg 5o1 1 3ch 5o2 1 3ci 5o3 1 3cj 5o4 1 3ck 5o5 1 3cl 5o6 1 3cm 5o7 1 3cn 5o8 1 3co 5o9 1 3cp \
        5oa 1 3cq 5od 1 3ct 5oe 1 3cu 5of 1 3cv 5xc 1 5xd 5xe 1 5xf 5xg 1 5xh 5xi 1 5xj 5xk 1 5xl 5xm 1 5xn 5xo 1 5xp 5xq 1 5xr 5xs 1 5xt 5xu 1 5xv 5xw 1 5xx 5xy 1 5xz 5y0 1 5y1 5y2 1 5y3 \
        5y4 1 5y5 5y6 1 5y7 5y8 1 5y9 5ya 1 5yb 5yc 1 5yd 5ye 1 5yf 5yg 1 5yh 5yi 1 5yj 5yk 1 5yl 5ym 1 5yn 5yo 1 5yp 5yq 1 5yr 5ys 1 5yt 5yu 1 5yv 5yw 1 5yx 5yy 1 5yz 5z0 1 5z1 5z2 1 5z3 \
        5z4 1 5z5 5z6 1 5z7 5z8 1 5z9 5za 1 5zb 5zc 1 5zd 5ze 1 5zf 5zg 1 5zh 5zi 1 5zj 5zk 1 5zl 5zm 1 5zn 5zo 1 5zp 5zq 1 5zr 5zs 1 5zt 5zu 1 5zv 5zw 1 5zx 5zy 1 5zz 600 1 601 602 1 603 \
        604 1 605 606 1 607 608 1 609 60a 1 60b 60c 1 60d 60e 1 60f 60g 1 60h 60i 1 60j 60k 1 60l 60m 1 60n 60o 1 60p 60q 1 60r 60s 1 60t 60u 1 60v 60w 1 60x 60y 1 60z 610 1 611 612 1 613 \
        614 1 615 616 1 617 618 1 619 61a 1 61b 61c 1 61d 61e 1 61f 61g 1 61h 61q 1 67 61s 1 61t 61u 1 61v 61w 1 61x 61y 1 61z 620 1 621 622 1 623 624 1 625 626 1 627 628 1 629 62a 1 62b \
        62c 1 62d 62e 1 62f 62g 1 62h 62i 1 62j 62k 1 62l 62m 1 62n 62o 1 62p 62q 1 62r 62s 1 62t 62u 1 62v 62w 1 62x 62y 1 62z 630 1 631 632 1 633 634 1 635 636 1 637 638 1 639 63a 1 63b \
        63c 1 63d 63e 1 63f 63g 1 63h 63i 1 63j 63k 1 63l 63m 1 63n 63o 1 63p 63q 1 63r 63s 1 63t 63u 1 63v 63w 1 63x 63y 1 63z 640 1 641 642 1 643 644 1 645 646 1 647 648 1 649 64a 1 64b \
        64c 1 64d 64e 1 64f 64o 1 64g 64p 1 64h 64q 1 64i 64r 1 64j 64s 1 64k 64t 1 64l 64u 1 64m 64v 1 64n 654 1 64w 655 1 64x 656 1 64y 657 1 64z 658 1 650 659 1 651 65k 1 65c 65l 1 65d \
        65m 1 65e 65n 1 65f 65o 1 65g 65p 1 65h 65q 1 65i 65r 1 65j 660 1 65s 661 1 65t 662 1 65u 663 1 65v 664 1 65w 665 1 65x 666 1 65y 667 1 65z 66g 1 668 66h 1 669 66i 1 66a 66j 1 66b \
        66k 1 66c 66l 1 66d 66x 1 66p 66z 1 66r 671 1 66t 673 1 66v 67c 1 674 67d 1 675 67e 1 676 67f 1 677 67g 1 678 67h 1 679 67i 1 67a 67j 1 67b 688 1 680 689 1 681 68a 1 682 68b 1 683 \
        68c 1 684 68d 1 685 68e 1 686 68f 1 687 68o 1 68g 68p 1 68h 68q 1 68i 68r 1 68j 68s 1 68k 68t 1 68l 68u 1 68m 68v 1 68n 694 1 68w 695 1 68x 696 1 68y 697 1 68z 698 1 690 699 1 691 \
        69a 1 692 69b 1 693 69k 1 69c 69l 1 69d 69m 1 67k 69n 1 67l 69o 1 69f 6a0 1 67m 6a1 1 67n 6a2 1 67o 6a3 1 67p 6a4 1 69v 6ag 1 6a8 6ah 1 6a9 6ai 1 67q 6aj 1 67r 6aw 1 6ao 6ax 1 6ap \
        6ay 1 67u 6az 1 67v 6b0 1 6at 6bc 1 67s 6bd 1 67t 6be 1 67w 6bf 1 67x 6bg 1 6b7 6jq 1 qx 6ju 1 2z 6jv 1 6d 6k2 1 6ku 6lc 1 6ls 6ld 1 6lt 6le 1 6lu 6lf 1 6lv 6lg 1 6lw 6lh 1 6lx \
        6li 1 6ly 6lj 1 6lz 6lk 1 6m0 6ll 1 6m1 6lm 1 6m2 6ln 1 6m3 6lo 1 6m4 6lp 1 6m5 6lq 1 6m6 6lr 1 6m7 6mb 1 6mc 792 1 79s 793 1 79t 794 1 79u 795 1 79v 796 1 79w 797 1 79x 798 1 79y \
        799 1 79z 79a 1 7a0 79b 1 7a1 79c 1 7a2 79d 1 7a3 79e 1 7a4 79f 1 7a5 79g 1 7a6 79h 1 7a7 79i 1 7a8 79j 1 7a9 79k 1 7aa 79l 1 7ab 79m 1 7ac 79n 1 7ad 79o 1 7ae 79p 1 7af 79q 1 7ag \
        79r 1 7ah 8ow 1 8q8 8ox 1 8q9 8oy 1 8qa 8oz 1 8qb 8p0 1 8qc 8p1 1 8qd 8p2 1 8qe 8p3 1 8qf 8p4 1 8qg 8p5 1 8qh 8p6 1 8qi 8p7 1 8qj 8p8 1 8qk 8p9 1 8ql 8pa 1 8qm 8pb 1 8qn 8pc 1 8qo \
        8pd 1 8qp 8pe 1 8qq 8pf 1 8qr 8pg 1 8qs 8ph 1 8qt 8pi 1 8qu 8pj 1 8qv 8pk 1 8qw 8pl 1 8qx 8pm 1 8qy 8pn 1 8qz 8po 1 8r0 8pp 1 8r1 8pq 1 8r2 8pr 1 8r3 8ps 1 8r4 8pt 1 8r5 8pu 1 8r6 \
        8pv 1 8r7 8pw 1 8r8 8px 1 8r9 8py 1 8ra 8pz 1 8rb 8q0 1 8rc 8q1 1 8rd 8q2 1 8re 8q3 1 8rf 8q4 1 8rg 8q5 1 8rh 8q6 1 8ri 8q7 1 8rj 8rk 1 8rl 8rm 1 h7 8rn 1 5tp 8ro 1 hp 8rr 1 8rs \
        8rt 1 8ru 8rv 1 8rw 8rx 1 gh 8ry 1 hd 8rz 1 gg 8s0 1 gi 8s2 1 8s3 8s5 1 8s6 8se 1 fz 8sf 1 g0 8sg 1 8sh 8si 1 8sj 8sk 1 8sl 8sm 1 8sn 8so 1 8sp 8sq 1 8sr 8ss 1 8st 8su 1 8sv 8sw 1 \
        8sx 8sy 1 8sz 8t0 1 8t1 8t2 1 8t3 8t4 1 8t5 8t6 1 8t7 8t8 1 8t9 8ta 1 8tb 8tc 1 8td 8te 1 8tf 8tg 1 8th 8ti 1 8tj 8tk 1 8tl 8tm 1 8tn 8to 1 8tp 8tq 1 8tr 8ts 1 8tt 8tu 1 8tv 8tw 1 \
        8tx 8ty 1 8tz 8u0 1 8u1 8u2 1 8u3 8u4 1 8u5 8u6 1 8u7 8u8 1 8u9 8ua 1 8ub 8uc 1 8ud 8ue 1 8uf 8ug 1 8uh 8ui 1 8uj 8uk 1 8ul 8um 1 8un 8uo 1 8up 8uq 1 8ur 8us 1 8ut 8uu 1 8uv 8uw 1 \
        8ux 8uy 1 8uz 8v0 1 8v1 8v2 1 8v3 8v4 1 8v5 8v6 1 8v7 8vf 1 8vg 8vh 1 8vi 8vm 1 8vn wu8 1 wu9 wua 1 wub wuc 1 wud wue 1 wuf wug 1 wuh wui 1 wuj wuk 1 wul wum 1 wun wuo 1 wup wuq 1 \
        wur wus 1 wut wuu 1 wuv wuw 1 wux wuy 1 wuz wv0 1 wv1 wv2 1 wv3 wv4 1 wv5 wv6 1 wv7 wv8 1 wv9 wva 1 wvb wvc 1 wvd wve 1 wvf wvg 1 wvh ww0 1 ww1 ww2 1 ww3 ww4 1 ww5 ww6 1 ww7 ww8 1 \
        ww9 wwa 1 wwb wwc 1 wwd wwe 1 wwf wwg 1 wwh wwi 1 wwj wwk 1 wwl wwm 1 wwn wwo 1 wwp wwq 1 wwr x0i 1 x0j x0k 1 x0l x0m 1 x0n x0o 1 x0p x0q 1 x0r x0s 1 x0t x0u 1 x0v x0y 1 x0z x10 1 \
        x11 x12 1 x13 x14 1 x15 x16 1 x17 x18 1 x19 x1a 1 x1b x1c 1 x1d x1e 1 x1f x1g 1 x1h x1i 1 x1j x1k 1 x1l x1m 1 x1n x1o 1 x1p x1q 1 x1r x1s 1 x1t x1u 1 x1v x1w 1 x1x x1y 1 x1z x20 1 \
        x21 x22 1 x23 x24 1 x25 x26 1 x27 x28 1 x29 x2a 1 x2b x2c 1 x2d x2e 1 x2f x2g 1 x2h x2i 1 x2j x2k 1 x2l x2m 1 x2n x2x 1 x2y x2z 1 x30 x31 1 5tl x32 1 x33 x34 1 x35 x36 1 x37 x38 1 \
        x39 x3a 1 x3b x3f 1 x3g x3h 1 h1 x3k 1 x3l x3m 1 x3n x3q 1 x3r x3s 1 x3t x3u 1 x3v x3w 1 x3x x3y 1 x3z x40 1 x41 x42 1 x43 x44 1 x45 x46 1 x47 x48 1 x49 x4a 1 h2 x4b 1 gs x4c 1 gx \
        x4d 1 h8 x4e 1 h6 x4g 1 im x4h 1 hz x4i 1 il x4j 1 xub x4k 1 x4l x4m 1 x4n x4o 1 x4p x4q 1 x4r x4s 1 x4t x4u 1 x4v x4w 1 x4x x4y 1 x4z x50 1 x3o x51 1 hu x52 1 5u6 x53 1 x54 x55 1 \
        x56 x57 1 h0 x58 1 x59 x5a 1 x5b x5c 1 x5d x5e 1 x5f x5g 1 x5h x5i 1 x5j x5k 1 x5l x5m 1 x5n x5o 1 bf x6d 1 x6e 1ee9 1 1ef5 1eea 1 1ef6 1eeb 1 1ef7 1eec 1 1ef8 1eed 1 1ef9 1eee 1 \
        1efa 1eef 1 1efb 1eeg 1 1efc 1eeh 1 1efd 1eei 1 1efe 1eej 1 1eff 1eek 1 1efg 1eel 1 1efh 1eem 1 1efi 1een 1 1efj 1eeo 1 1efk 1eep 1 1efl 1eeq 1 1efm 1eer 1 1efn 1ees 1 1efo 1eet 1 \
        1efp 1eeu 1 1efq 1eev 1 1efr 1eew 1 1efs 1eex 1 1eft 1eey 1 1efu 1fcw 1 1fe0 1fcx 1 1fe1 1fcy 1 1fe2 1fcz 1 1fe3 1fd0 1 1fe4 1fd1 1 1fe5 1fd2 1 1fe6 1fd3 1 1fe7 1fd4 1 1fe8 1fd5 1 \
        1fe9 1fd6 1 1fea 1fd7 1 1feb 1fd8 1 1fec 1fd9 1 1fed 1fda 1 1fee 1fdb 1 1fef 1fdc 1 1feg 1fdd 1 1feh 1fde 1 1fei 1fdf 1 1fej 1fdg 1 1fek 1fdh 1 1fel 1fdi 1 1fem 1fdj 1 1fen 1fdk 1 \
        1feo 1fdl 1 1fep 1fdm 1 1feq 1fdn 1 1fer 1fdo 1 1fes 1fdp 1 1fet 1fdq 1 1feu 1fdr 1 1fev 1fds 1 1few 1fdt 1 1fex 1fdu 1 1fey 1fdv 1 1fez 1fdw 1 1ff0 1fdx 1 1ff1 1fdy 1 1ff2 1fdz 1 \
        1ff3 1fhs 1 1fiw 1fht 1 1fix 1fhu 1 1fiy 1fhv 1 1fiz 1fhw 1 1fj0 1fhx 1 1fj1 1fhy 1 1fj2 1fhz 1 1fj3 1fi0 1 1fj4 1fi1 1 1fj5 1fi2 1 1fj6 1fi3 1 1fj7 1fi4 1 1fj8 1fi5 1 1fj9 1fi6 1 \
        1fja 1fi7 1 1fjb 1fi8 1 1fjc 1fi9 1 1fjd 1fia 1 1fje 1fib 1 1fjf 1fic 1 1fjg 1fid 1 1fjh 1fie 1 1fji 1fif 1 1fjj 1fig 1 1fjk 1fih 1 1fjl 1fii 1 1fjm 1fij 1 1fjn 1fik 1 1fjo 1fil 1 \
        1fjp 1fim 1 1fjq 1fin 1 1fjr 1fio 1 1fjs 1fip 1 1fjt 1fiq 1 1fju 1fir 1 1fjv 1fn4 1 1fo7 1fn5 1 1fo8 1fn6 1 1fo9 1fn7 1 1foa 1fn8 1 1fob 1fn9 1 1foc 1fna 1 1fod 1fnb 1 1foe 1fnc 1 \
        1fof 1fnd 1 1fog 1fne 1 1foh 1fng 1 1foj 1fnh 1 1fok 1fni 1 1fol 1fnj 1 1fom 1fnk 1 1fon 1fnl 1 1foo 1fnm 1 1fop 1fnn 1 1foq 1fno 1 1for 1fnp 1 1fos 1fnq 1 1fot 1fnr 1 1fou 1fns 1 \
        1fov 1fnt 1 1fow 1fnu 1 1fox 1fnw 1 1foz 1fnx 1 1fp0 1fny 1 1fp1 1fnz 1 1fp2 1fo0 1 1fp3 1fo1 1 1fp4 1fo2 1 1fp5 1fo4 1 1fp7 1fo5 1 1fp8 1h1c 1 1h34 1h1d 1 1h35 1h1e 1 1h36 1h1f 1 \
        1h37 1h1g 1 1h38 1h1h 1 1h39 1h1i 1 1h3a 1h1j 1 1h3b 1h1k 1 1h3c 1h1l 1 1h3d 1h1m 1 1h3e 1h1n 1 1h3f 1h1o 1 1h3g 1h1p 1 1h3h 1h1q 1 1h3i 1h1r 1 1h3j 1h1s 1 1h3k 1h1t 1 1h3l 1h1u 1 \
        1h3m 1h1v 1 1h3n 1h1w 1 1h3o 1h1x 1 1h3p 1h1y 1 1h3q 1h1z 1 1h3r 1h20 1 1h3s 1h21 1 1h3t 1h22 1 1h3u 1h23 1 1h3v 1h24 1 1h3w 1h25 1 1h3x 1h26 1 1h3y 1h27 1 1h3z 1h28 1 1h40 1h29 1 \
        1h41 1h2a 1 1h42 1h2b 1 1h43 1h2c 1 1h44 1h2d 1 1h45 1h2e 1 1h46 1h2f 1 1h47 1h2g 1 1h48 1h2h 1 1h49 1h2i 1 1h4a 1h2j 1 1h4b 1h2k 1 1h4c 1h2l 1 1h4d 1h2m 1 1h4e 1h2n 1 1h4f 1h2o 1 \
        1h4g 1h2p 1 1h4h 1h2q 1 1h4i 1h74 1 1h80 1h75 1 1h81 1h76 1 1h82 1h77 1 1h83 1h78 1 1h84 1h79 1 1h85 1h7a 1 1h86 1h7b 1 1h87 1h7c 1 1h88 1h7d 1 1h89 1h7e 1 1h8a 1h7f 1 1h8b 1h7g 1 \
        1h8c 1h7h 1 1h8d 1h7i 1 1h8e 1h7j 1 1h8f 1h7k 1 1h8g 1h7l 1 1h8h 1h7m 1 1h8i 1h7n 1 1h8j 1h7o 1 1h8k 1h7p 1 1h8l 1jfk 1 1jgg 1jfl 1 1jgh 1jfm 1 1jgi 1jfn 1 1jgj 1jfo 1 1jgk 1jfp 1 \
        1jgl 1jfq 1 1jgm 1jfr 1 1jgn 1jfs 1 1jgo 1jft 1 1jgp 1jfu 1 1jgq 1jfv 1 1jgr 1jfw 1 1jgs 1jfx 1 1jgt 1jfy 1 1jgu 1jfz 1 1jgv 1jg0 1 1jgw 1jg1 1 1jgx 1jg2 1 1jgy 1jg3 1 1jgz 1jg4 1 \
        1jh0 1jg5 1 1jh1 1jg6 1 1jh2 1jg7 1 1jh3 1jg8 1 1jh4 1jg9 1 1jh5 1jga 1 1jh6 1jgb 1 1jh7 1jgc 1 1jh8 1jgd 1 1jh9 1jge 1 1jha 1jgf 1 1jhb 20cg 1 20dc 20ch 1 20dd 20ci 1 20de 20cj 1 \
        20df 20ck 1 20dg 20cl 1 20dh 20cm 1 20di 20cn 1 20dj 20co 1 20dk 20cp 1 20dl 20cq 1 20dm 20cr 1 20dn 20cs 1 20do 20ct 1 20dp 20cu 1 20dq 20cv 1 20dr 20cw 1 20ds 20cx 1 20dt 20cy 1 \
        20du 20cz 1 20dv 20d0 1 20dw 20d1 1 20dx 20d2 1 20dy 20d3 1 20dz 20d4 1 20e0 20d5 1 20e1 20d6 1 20e2 20d7 1 20e3 20d8 1 20e4 20d9 1 20e5 20da 1 20e6 20db 1 20e7 20f4 1 20fv 20f5 1 \
        20fw 20f6 1 20fx 20f7 1 20fy 20f8 1 20fz 20f9 1 20g0 20fa 1 20g1 20fb 1 20g2 20fc 1 20g3 20fd 1 20g4 20fe 1 20g5 20ff 1 20g6 20fg 1 20g7 20fh 1 20g8 20fi 1 20g9 20fj 1 20ga 20fk 1 \
        20gb 20fl 1 20gc 20fm 1 20gd 20fn 1 20ge 20fo 1 20gf 20fp 1 20gg 20fq 1 20gh 20fr 1 20gi 20fs 1 20gj 2olc 1 2oma 2old 1 2omb 2ole 1 2omc 2olf 1 2omd 2olg 1 2ome 2olh 1 2omf 2oli 1 \
        2omg 2olj 1 2omh 2olk 1 2omi 2oll 1 2omj 2olm 1 2omk 2oln 1 2oml 2olo 1 2omm 2olp 1 2omn 2olq 1 2omo 2olr 1 2omp 2ols 1 2omq 2olt 1 2omr 2olu 1 2oms 2olv 1 2omt 2olw 1 2omu 2olx 1 \
        2omv 2oly 1 2omw 2olz 1 2omx 2om0 1 2omy 2om1 1 2omz 2om2 1 2on0 2om3 1 2on1 2om4 1 2on2 2om5 1 2on3 2om6 1 2on4 2om7 1 2on5 2om8 1 2on6 2om9 1 2on7
        """

    /// Scalar and rank of its combining class.
    static let marks: StaticString = """
        lc 1e ld 1e le 1e lf 1e lg 1e lh 1e li 1e lj 1e lk 1e ll 1e lm 1e ln 1e lo 1e lp 1e lq 1e lr 1e ls 1e lt 1e lu 1e lv 1e lw 1e lx 1f ly 19 lz 19 m0 19 m1 19 m2 1f m3 17 m4 19 m5 19 \
        m6 19 m7 19 m8 19 m9 15 ma 15 mb 19 mc 19 md 19 me 19 mf 15 mg 15 mh 19 mi 19 mj 19 mk 19 ml 19 mm 19 mn 19 mo 19 mp 19 mq 19 mr 19 ms 1 mt 1 mu 1 mv 1 mw 1 mx 19 my 19 mz 19 n0 \
        19 n1 1e n2 1e n3 1e n6 1e n9 1i na 1e nb 19 nc 19 nd 19 ne 1e nf 1e ng 1e nh 19 ni 19 nk 1e nl 1e nm 1e nn 19 no 19 np 19 nq 19 nr 1e ns 1f nt 19 nu 19 nv 1e nw 1g nx 1h ny 1h nz \
        1g o0 1h o1 1h o2 1g o3 1e o4 1e o5 1e o6 1e o7 1e o8 1e o9 1e oa 1e ob 1e oc 1e od 1e oe 1e of 1e w3 1e w4 1e w5 1e w6 1e w7 1e 13l 19 13m 1e 13n 1e 13o 1e 13p 1e 13q 19 13r 1e \
        13s 1e 13t 1e 13u 1a 13v 19 13w 1e 13x 1e 13y 1e 13z 1e 140 1e 141 1e 142 19 143 19 144 19 145 19 146 19 147 19 148 1e 149 1e 14a 19 14b 1e 14c 1e 14d 1a 14e 1d 14f 1e 14g 5 14h 6 \
        14i 7 14j 8 14k 9 14l a 14m b 14n c 14o d 14p e 14q e 14r f 14s g 14t h 14v i 14x j 14y k 150 1e 151 19 153 d 174 1e 175 1e 176 1e 177 1e 178 1e 179 1e 17a 1e 17b 1e 17c p 17d q \
        17e r 18r m 18s n 18t o 18u p 18v q 18w r 18x s 18y t 18z 1e 190 1e 191 19 192 19 193 1e 194 1e 195 1e 196 1e 197 1e 198 19 199 1e 19a 1e 19b 19 19s u 1cm 1e 1cn 1e 1co 1e 1cp 1e \
        1cq 1e 1cr 1e 1cs 1e 1cv 1e 1cw 1e 1cx 1e 1cy 1e 1cz 19 1d0 1e 1d3 1e 1d4 1e 1d6 19 1d7 1e 1d8 1e 1d9 19 1e9 v 1f4 1e 1f5 19 1f6 1e 1f7 1e 1f8 19 1f9 1e 1fa 1e 1fb 19 1fc 19 1fd \
        19 1fe 1e 1ff 19 1fg 19 1fh 1e 1fi 19 1fj 1e 1fk 1e 1fl 1e 1fm 19 1fn 1e 1fo 19 1fp 1e 1fq 19 1fr 1e 1fs 19 1ft 1e 1fu 1e 1kb 1e 1kc 1e 1kd 1e 1ke 1e 1kf 1e 1kg 1e 1kh 1e 1ki 19 \
        1kj 1e 1li 1e 1lj 1e 1lk 1e 1ll 1e 1ln 1e 1lo 1e 1lp 1e 1lq 1e 1lr 1e 1ls 1e 1lt 1e 1lu 1e 1lv 1e 1lx 1e 1ly 1e 1lz 1e 1m1 1e 1m2 1e 1m3 1e 1m4 1e 1m5 1e 1nd 19 1ne 19 1nf 19 1qs \
        1e 1qt 1e 1qu 1e 1qv 1e 1qw 1e 1qx 1e 1qy 1e 1qz 1e 1r0 1e 1r1 1e 1r2 1e 1r3 1e 1r4 1e 1r5 1e 1r7 19 1r8 1e 1r9 1e 1ra 19 1rb 1e 1rc 1e 1rd 19 1re 1e 1rf 1e 1rg 1e 1rh 19 1ri 19 \
        1rj 19 1rk m 1rl n 1rm o 1rn 1e 1ro 1e 1rp 1e 1rq 19 1rr 1e 1rs 1e 1rt 19 1ru 19 1rv 1e 1rw 1e 1rx 1e 1ry 1e 1rz 1e 1to 2 1u5 4 1u9 1e 1ua 19 1ub 1e 1uc 1e 1x8 2 1xp 4 20s 2 219 4 \
        24c 2 24t 4 27w 2 28d 4 2bx 4 2fh 4 2fp w 2fq x 2ik 2 2j1 4 2ml 4 2q2 4 2t4 y 2t5 y 2t6 4 2tk z 2tl z 2tm z 2tn z 2wo 10 2wp 10 2x4 11 2x5 11 2x6 11 2x7 11 2zc 19 2zd 19 305 19 \
        307 19 309 17 31t 12 31u 13 31w 14 322 13 323 13 324 13 325 13 328 13 32a 1e 32b 1e 32c 4 32e 1e 32f 1e 346 19 37b 2 37d 4 37e 4 39p 19 3tp 1e 3tq 1e 3tr 1e 4k4 4 4l0 4 4pe 4 4pp \
        1e 4vd 1d 4zd 1a 4ze 1e 4zf 19 55j 1e 55k 19 57k 4 585 1e 586 1e 587 1e 588 1e 589 1e 58a 1e 58b 1e 58c 1e 58f 19 59s 1e 59t 1e 59u 1e 59v 1e 59w 1e 59x 19 59y 19 59z 19 5a0 19 \
        5a1 19 5a2 19 5a3 1e 5a4 1e 5a5 19 5dg 2 5dw 4 5ez 1e 5f0 19 5f1 1e 5f2 1e 5f3 1e 5f4 1e 5f5 1e 5f6 1e 5f7 1e 5gq 4 5gr 4 5ie 2 5iq 4 5ir 4 5kn 2 5ow 1e 5ox 1e 5oy 1e 5p0 1 5p1 19 \
        5p2 19 5p3 19 5p4 19 5p5 19 5p6 1e 5p7 1e 5p8 19 5p9 19 5pa 19 5pb 19 5pc 1e 5pe 1 5pf 1 5pg 1 5ph 1 5pi 1 5pj 1 5pk 1 5pp 19 5pw 1e 5q0 1e 5q1 1e 5vk 1e 5vl 1e 5vm 19 5vn 1e 5vo \
        1e 5vp 1e 5vq 1e 5vr 1e 5vs 1e 5vt 1e 5vu 19 5vv 1e 5vw 1e 5vx 1h 5vy 16 5vz 19 5w0 15 5w1 1e 5w2 1e 5w3 1e 5w4 1e 5w5 1e 5w6 1e 5w7 1e 5w8 1e 5w9 1e 5wa 1e 5wb 1e 5wc 1e 5wd 1e \
        5we 1e 5wf 1e 5wg 1e 5wh 1e 5wi 1e 5wj 1e 5wk 1e 5wl 1e 5wm 1e 5wn 1e 5wo 1e 5wp 1e 5wq 1e 5wr 1e 5ws 1e 5wt 1e 5wu 1e 5wv 1e 5ww 1e 5wx 1e 5wy 1e 5wz 1e 5x0 1e 5x1 1e 5x7 1e 5x8 \
        1g 5x9 19 5xa 1e 5xb 19 6hc 1e 6hd 1e 6he 1 6hf 1 6hg 1e 6hh 1e 6hi 1e 6hj 1e 6hk 1 6hl 1 6hm 1 6hn 1e 6ho 1e 6ht 1e 6hx 1 6hy 1 6hz 1e 6i0 19 6i1 1e 6i2 1 6i3 1 6i4 19 6i5 19 6i6 \
        19 6i7 19 6i8 1e 8vj 1e 8vk 1e 8vl 1e 8zj 4 928 1e 929 1e 92a 1e 92b 1e 92c 1e 92d 1e 92e 1e 92f 1e 92g 1e 92h 1e 92i 1e 92j 1e 92k 1e 92l 1e 92m 1e 92n 1e 92o 1e 92p 1e 92q 1e \
        92r 1e 92s 1e 92t 1e 92u 1e 92v 1e 92w 1e 92x 1e 92y 1e 92z 1e 930 1e 931 1e 932 1e 933 1e 9ii 18 9ij 1d 9ik 1f 9il 1a 9im 1b 9in 1b 9ll 3 9lm 3 wvj 1e wvo 1e wvp 1e wvq 1e wvr 1e \
        wvs 1e wvt 1e wvu 1e wvv 1e wvw 1e wvx 1e wwu 1e wwv 1e wz4 1e wz5 1e x6u 4 xc4 4 xcw 1e xcx 1e xcy 1e xcz 1e xd0 1e xd1 1e xd2 1e xd3 1e xd4 1e xd5 1e xd6 1e xd7 1e xd8 1e xd9 1e \
        xda 1e xdb 1e xdc 1e xdd 1e xez 19 xf0 19 xf1 19 xg3 4 xir 2 xj4 4 xps 1e xpu 1e xpv 1e xpw 19 xpz 1e xq0 1e xq6 1e xq7 1e xq9 1e xrq 4 xyl 4 1dlq l 1e74 1e 1e75 1e 1e76 1e 1e77 \
        1e 1e78 1e 1e79 1e 1e7a 1e 1e7b 19 1e7c 19 1e7d 19 1e7e 19 1e7f 19 1e7g 19 1e7h 19 1e7i 1e 1e7j 1e 1eyl 19 1f4w 19 1f92 1e 1f93 1e 1f94 1e 1f95 1e 1f96 1e 1gjx 19 1gjz 1e 1gl4 1e \
        1gl5 1 1gl6 19 1glb 4 1gpx 1e 1gpy 19 1hs6 4 1htr 4 1hvd 4 1hve 2 1hxc 1e 1hxd 1e 1hxe 1e 1hyr 4 1hys 4 1i0j 2 1i2o 4 1i2y 2 1i5x 4 1i5y 2 1iax 2 1iay 4 1id8 2 1idp 4 1iee 1e 1ief \
        1e 1ieg 1e 1ieh 1e 1iei 1e 1iej 1e 1iek 1e 1ieo 1e 1iep 1e 1ieq 1e 1ier 1e 1ies 1e 1iki 4 1ikm 2 1io2 4 1io3 2 1iv3 4 1iv4 2 1iyn 4 1j1y 4 1j1z 2 1j57 4 1k5b 4 1zow 1 1zox 1 1zoy \
        1 1zoz 1 1zp0 1 1zqo 1e 1zqp 1e 1zqq 1e 1zqr 1e 1zqs 1e 1zqt 1e 1zqu 1e 2ftq 1 2jxh 17 2jxi 17 2jxj 1 2jxk 1 2jxl 1 2jxp 1c 2jxq 17 2jxr 17 2jxs 17 2jxt 17 2jxu 17 2jy3 19 2jy4 19 \
        2jy5 19 2jy6 19 2jy7 19 2jy8 19 2jy9 19 2jya 19 2jyd 1e 2jye 1e 2jyf 1e 2jyg 1e 2jyh 1e 2jyi 19 2jyj 19 2jze 1e 2jzf 1e 2jzg 1e 2jzh 1e 2k3m 1e 2k3n 1e 2k3o 1e 2mtc 1e 2mtd 1e \
        2mte 1e 2mtf 1e 2mtg 1e 2mth 1e 2mti 1e 2mtk 1e 2mtl 1e 2mtm 1e 2mtn 1e 2mto 1e 2mtp 1e 2mtq 1e 2mtr 1e 2mts 1e 2mtt 1e 2mtu 1e 2mtv 1e 2mtw 1e 2mtx 1e 2mty 1e 2mtz 1e 2mu0 1e \
        2mu3 1e 2mu4 1e 2mu5 1e 2mu6 1e 2mu7 1e 2mu8 1e 2mu9 1e 2mub 1e 2muc 1e 2mue 1e 2muf 1e 2mug 1e 2muh 1e 2mui 1e 2ok0 19 2ok1 19 2ok2 19 2ok3 19 2ok4 19 2ok5 19 2ok6 19 2on8 1e \
        2on9 1e 2ona 1e 2onb 1e 2onc 1e 2ond 1e 2one 2
        """
}
