; property: P20
; operation: mul
; statement: three neighbours of one piece have products with second difference 0
; domain: normal operands a, a + ulp, a + 2 ulp of one binade and on one side of F_a + F_b = 1, results in range, every policy
; mutant: the three may lie on both sides of an edge
; not for: binary32m1, which has no three neighbours in a binade
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(define-fun a1 () Encoding (encoding (negative a) (+ (mag a) UNIT)))
(define-fun a2 () Encoding (encoding (negative a) (+ (mag a) (* 2 UNIT))))
(assert (and (is_normal a2) (= (E a2) (E a))))
(assert (and (in_range (product_sum 0 a b)) (in_range (product_sum 0 a2 b))))
; Values of one binade differ as their fraction fields do, so the differences of values are those of
; the fields where the exponents agree.
(define-fun affine () Bool
  (and (= (E (mul a b)) (E (mul a1 b))) (= (E (mul a1 b)) (E (mul a2 b)))
       (= (- (field (mul a2 b)) (field (mul a1 b))) (- (field (mul a1 b)) (field (mul a b))))))

(echo "precondition")
(check-sat)

(push 1)
(assert (= (>= (+ (field a) (field b)) MIN) (>= (+ (field a2) (field b)) MIN)))
(assert (not affine))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not affine))
(echo "mutant")
(check-sat)
(pop 1)
